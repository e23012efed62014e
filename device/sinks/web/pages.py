"""The page's files, kept in memory: the bundle that `make web` builds, else the plain view."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

BUILT = Path(__file__).parents[2] / "web" / "built"
"""Where `make web` puts the bundle; it is not committed, but part of the wheel."""

PLAIN = Path(__file__).parents[2] / "web" / "plain"
"""The view that needs no build."""

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".gz": "application/gzip",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""Media types by suffix; files with another suffix are not served."""


@dataclass(frozen=True)
class Page:
    """One file."""

    content: bytes
    """As stored."""
    media_type: str
    """The value of `Content-Type`."""

    @cached_property
    def etag(self) -> str:
        """A hash of the content, so that a browser need not fetch it twice."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:16]}"'


def load_pages(built: Path = BUILT, plain: Path = PLAIN) -> dict[str, Page]:
    """Files by their path in the address; `/` is the bundle's page if it was built, else the plain one.

    The plain view stays at `/plain/` either way.
    """
    pages = {f"/plain{path}": page for path, page in _below(plain).items()}
    pages["/plain/"] = pages["/plain/index.html"]
    home = _below(built) if (built / "index.html").is_file() else _below(plain)
    pages |= home
    pages["/"] = home["/index.html"]
    return pages


def _below(folder: Path) -> dict[str, Page]:
    return {
        f"/{path.relative_to(folder).as_posix()}": Page(path.read_bytes(), TYPES[path.suffix])
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in TYPES
    }

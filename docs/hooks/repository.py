"""The site holds the pages of the repository that `docs/` links to, and sections of them where it asks.

A page under `docs/` links to another file as it does in the repository, `../device/README.md#settings`. On
the site that file lies under `repository/`, with whatever it links to in turn. A section is brought into a
page by a line of its own, `<!-- section: device/README.md#commands -->`: the text below that heading.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pymdownx.slugs import slugify

ROOT = Path(__file__).parents[2]
"""Of the repository, to which the paths below are relative."""

FOLDER = "repository"
"""Where the files outside `docs/` lie on the site."""

# A link's target, or code, in which nothing is a link.
_LINK_OR_CODE = re.compile(
    r"^```.*?^```|(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)|\]\((?P<target>[^)\s]+)\)", re.MULTILINE | re.DOTALL
)
_SECTION = re.compile(r"^<!-- section: (?P<path>[^\s#]+)#(?P<slug>\S+) -->$", re.MULTILINE)
_HEADING = re.compile(r"^```.*?^```|^(?P<marks>#+) (?P<title>[^\n]*)$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`]*`")
_TABLE_ROW = re.compile(r"^\|.*\|$", re.MULTILINE)

_slug = slugify(case="lower")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Leave out of the navigation what a command has not written yet: `make bench-peers` the benchmarks."""
    if not (ROOT / "docs" / "benchmarks.md").is_file():
        config.nav = [entry for entry in config.nav or [] if "benchmarks.md" not in str(entry)]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every file outside `docs/` that a page of the site leads to."""
    waiting = [f"docs/{file.src_uri}" for file in files.documentation_pages()] + _in_navigation(config)
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in seen or not (ROOT / path).is_file():
            continue
        seen.add(path)
        if not path.startswith("docs/"):
            files.append(File.generated(config, site_path(path), abs_src_path=str(ROOT / path)))
        if path.endswith(".md"):
            waiting += linked_files((ROOT / path).read_text(encoding="utf-8"), path)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Bring in the sections that a page asks for, and point its links at the site's places."""
    here = page.file.src_uri
    own = relinked(markdown, repository_path(here), here)
    whole = _SECTION.sub(
        lambda found: relinked(section(found["path"], found["slug"]), found["path"], here), own
    )
    # Inside code, Python-Markdown shows the backslash that keeps a pipe from ending a table's cell.
    return _TABLE_ROW.sub(
        lambda row: re.sub(r"`[^`]*`", lambda code: code[0].replace("\\|", "|"), row[0]), whole
    )


def site_path(path: str) -> str:
    """Where a file of the repository lies on the site."""
    return path.removeprefix("docs/") if path.startswith("docs/") else f"{FOLDER}/{path}"


def repository_path(here: str) -> str:
    """The file of the repository that lies there on the site."""
    return here.removeprefix(f"{FOLDER}/") if here.startswith(f"{FOLDER}/") else f"docs/{here}"


def linked_files(markdown: str, path: str) -> Iterator[str]:
    """The files that a page links to or takes a section of, as paths in the repository."""
    for found in _LINK_OR_CODE.finditer(markdown):
        if found["target"] and _is_path(found["target"]):
            yield _resolved(found["target"], path)
    for found in _SECTION.finditer(markdown):
        yield from linked_files(section(found["path"], found["slug"]), found["path"])


def relinked(markdown: str, path: str, here: str) -> str:
    """A text that stands in the file `path`, with its links as they must be on the site's page `here`."""

    def replace(found: re.Match[str]) -> str:
        target = found["target"]
        within = (target or "").startswith("#") and path == repository_path(here)
        if not target or within or re.match(r"[a-z]+:", target):
            return found[0]
        name, hash_mark, anchor = target.partition("#")
        there = site_path(_resolved(name, path) if name else path)
        return f"]({posixpath.relpath(there, posixpath.dirname(here))}{hash_mark}{anchor})"

    return _LINK_OR_CODE.sub(replace, markdown)


def section(path: str, slug: str) -> str:
    """The text below a heading, up to the next one that is not below it.

    Raises:
        PluginError: there is no such file or heading.
    """
    try:
        text = (ROOT / path).read_text(encoding="utf-8")
    except OSError as error:
        raise PluginError(f"section {path}#{slug}: {error.strerror}") from error
    headings = [found for found in _HEADING.finditer(text) if found["marks"]]
    for number, heading in enumerate(headings):
        if _slug(heading["title"].replace("`", ""), "-") == slug:
            level = len(heading["marks"])
            after = (later.start() for later in headings[number + 1 :] if len(later["marks"]) <= level)
            return text[heading.end() : next(after, len(text))]
    raise PluginError(f"section {path}#{slug}: no such heading, wanted one of that file")


def _in_navigation(config: MkDocsConfig) -> list[str]:
    """Files outside `docs/` that the navigation names."""
    return re.findall(rf"'{FOLDER}/([^']+)'", str(config.nav))


def _is_path(target: str) -> bool:
    """Whether a link leads to another file of the repository."""
    return not target.startswith("#") and not re.match(r"[a-z]+:", target)


def _resolved(target: str, path: str) -> str:
    """The file that a link in the file `path` means."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target.partition("#")[0]))

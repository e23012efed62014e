"""A file the chain read or made, named by its content."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.contract.files import sha256_of


@dataclass(frozen=True)
class Artifact:
    """A file with the hash and the size it had when it was read."""

    path: Path
    sha256: str
    size_bytes: int

    @classmethod
    def of(cls, path: Path) -> "Artifact":
        """Read the file's hash and size."""
        return cls(path, sha256_of(path), path.stat().st_size)

    def entry(self, folder: Path) -> dict[str, Any]:
        """As the report lists it, its path relative to `folder`."""
        return {
            "path": self.path.relative_to(folder).as_posix(),
            "bytes": self.size_bytes,
            "sha256": self.sha256,
        }

"""A run must not write over the files that it reads, nor may two of its sinks share a file."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from device.config.address import Address, Registry
from device.contract.errors import RefusedError
from device.sinks import SINKS
from device.sources.open import SOURCES, parse_source
from device.support.paths import is_file, path_of, real_path


def check_files_apart(source: str, sinks: Iterable[str]) -> None:
    """Compare the paths in the addresses of a run, links followed; nothing is opened.

    Raises:
        RefusedError: a sink would replace what the source reads, or two sinks would write one file.
        UsageError: an address that cannot be understood.
    """
    read = _paths_read(parse_source(source))
    written = dict[str, str]()
    for address in sinks:
        for path in map(real_path, _paths_written(SINKS.parse(address))):
            if path in read:
                raise RefusedError(
                    f"sink {address} would write over {path}, which the source reads; give it another name"
                )
            if path in written:
                raise RefusedError(
                    f"sinks {written[path]} and {address} would both write {path}; give each its own file"
                )
            written[path] = address


def _paths_read(address: Address[Any]) -> set[str]:
    path = _path_in(address, SOURCES)
    if path is None:
        return set()
    # An album names each picture as its source does: beside a single picture it would replace it.
    folder = {path.parent} if address.scheme == "images" and is_file(path) else set[Path]()
    return {real_path(each) for each in {path} | folder}


def _paths_written(address: Address[Any]) -> list[Path]:
    """The path of a sink, with those to which it moves older pieces."""
    path = _path_in(address, SINKS)
    if path is None:
        return []
    older = range(1, getattr(address.options, "keep", 0) + 1)
    return [path, *(Path(f"{path}.{number}") for number in older)]


def _path_in(address: Address[Any], registry: Registry[Any]) -> Path | None:
    return path_of(address.place) if registry.scheme(address.scheme).is_path else None

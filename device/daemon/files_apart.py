"""A run must not write over the files that it reads, nor may two of its sinks share a file.

Nor may it fill the folder that it reads: a second run would take the results of the first for pictures.
"""

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
        RefusedError: a sink would replace what the source reads, or add pictures to its folder, or two
            sinks would write one file.
        UsageError: an address that cannot be understood.
    """
    frames = parse_source(source)
    read = _paths_read(frames)
    written = dict[str, str]()
    for address in sinks:
        sink = SINKS.parse(address)
        for path in map(real_path, _paths_written(sink)):
            if path in read:
                raise RefusedError(
                    f"sink {address} would write over {path}, which the source reads; give it another name"
                )
            if path in written:
                raise RefusedError(
                    f"sinks {written[path]} and {address} would both write {path}; give each its own file"
                )
            written[path] = address
        _check_album_apart(frames, sink)


def _check_album_apart(source: Address[Any], sink: Address[Any]) -> None:
    """No folder of annotated pictures below the folder whose pictures are read."""
    if source.scheme != "images" or sink.scheme != "annotated":
        return
    from device.sinks.annotated.sink import is_film

    album, pictures = Path(real_path(path_of(sink.place))), Path(real_path(path_of(source.place)))
    if not is_film(album) and pictures in album.parents:
        raise RefusedError(
            f"sink annotated:{sink.place} would fill a folder inside {pictures}, which the source reads, "
            "and the next run would read it as well; name one outside, as in "
            f"annotated:{pictures.parent / 'seen'}"
        )


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

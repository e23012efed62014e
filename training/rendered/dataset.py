"""A folder of rendered pictures: written in shards by several processes, finished shards kept.

    FOLDER/rendered.json            what was asked for; another request is refused
    FOLDER/pictures/00012/000307.jpg
    FOLDER/shards/00012.npz         labels of a finished shard
    FOLDER/labels.npz               all labels, written at the end

A picture depends on the seed and its number alone, not on the number of processes. The pictures of one
shard show one person.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from device.contract.errors import BadInputError, LandmarksError, RefusedError
from device.contract.files import write_whole
from training.data.sets.rendered import FORMAT, HELD_OUT, LABELS, REQUEST
from training.rendered.avatar import Avatar
from training.rendered.draw import RenderedFace, Sitter, draw_face
from training.rendered.renderer import Renderer
from training.rendered.scene import SceneSettings
from training.rendered.wigs import Wig, wigs_of

SHARD_PICTURES = 50
JPEG_QUALITY = 93


@dataclass(frozen=True)
class RenderRequest:
    """What is to be rendered."""

    avatars: Path
    """Folder of .glb files."""
    count: int
    """Pictures."""
    seed: int = 0
    side: int = 384
    """Of each picture, pixels."""
    held_out: bool = False
    """Render the people kept for evaluation instead of those to train on."""
    scene: SceneSettings = field(default_factory=SceneSettings)


def heads_in(avatars: Path, *, held_out: bool) -> list[Path]:
    """The heads of a folder to train on, or those kept for evaluation, sorted by name.

    Raises:
        BadInputError: there are none.
    """
    if not avatars.is_dir():
        raise BadInputError(f"no folder {avatars}: wanted 3D heads as .glb files")
    found = [path for path in sorted(avatars.glob("*.glb")) if (path.stem in HELD_OUT) == held_out]
    if not found:
        kind = f"of the people held out ({', '.join(HELD_OUT)})" if held_out else "to train on"
        raise BadInputError(f"no .glb file {kind} in {avatars}; wanted the VALID avatars")
    return found


def render_dataset(request: RenderRequest, folder: Path, workers: int) -> Path:
    """Render what is missing of a request; the path of its labels.

    Raises:
        BadInputError: an avatar is missing or damaged.
        RefusedError: the folder holds the pictures of another request.
        MissingOutsideError: OpenGL cannot be used.
        WriteFailedError: the folder cannot be written.
    """
    chosen = heads_in(request.avatars, held_out=request.held_out)
    _keep_request(request, chosen, folder)
    shards = range(-(-request.count // SHARD_PICTURES))
    missing = [number for number in shards if not _shard_path(folder, number).is_file()]
    done = request.count - sum(len(_numbers(request, shard)) for shard in missing)
    bar = tqdm(total=request.count, initial=done, desc="rendering", unit="picture", file=sys.stderr)
    with bar:
        for count in _run(request, chosen, folder, missing, workers):
            bar.update(count)
    return _join_labels(folder, shards)


def _run(
    request: RenderRequest, chosen: list[Path], folder: Path, missing: list[int], workers: int
) -> Iterator[int]:
    """Number of pictures of each shard, as it is finished."""
    # A person's shards one after the other: reading a head takes as long as drawing fifteen pictures of it.
    ordered = sorted(missing, key=lambda shard: (shard % len(chosen), shard))
    work = repeat(request), repeat(chosen), repeat(folder), ordered
    if workers <= 1:
        yield from map(_render_shard, *work)
        _studio.cache_clear()
        return
    in_one_go = max(len(missing) // (len(chosen) * workers), 1)
    # A forked process would share the parent's OpenGL state and threads.
    with ProcessPoolExecutor(workers, get_context("spawn"), _one_thread) as pool:
        try:
            yield from pool.map(_render_shard, *work, chunksize=in_one_go)
        except BrokenProcessPool as error:
            raise LandmarksError(
                "a rendering process was killed, perhaps for memory; try --workers 1"
            ) from error


def _one_thread() -> None:
    """Keep software OpenGL from starting a thread a core in each process."""
    os.environ.setdefault("LP_NUM_THREADS", "1")
    cv2.setNumThreads(1)


class _Studio:
    """A renderer and the person who sits before it."""

    def __init__(self, renderer: Renderer, wig_owners: Sequence[Path]) -> None:
        self._renderer = renderer
        self._wigs: Sequence[Wig] = wigs_of(wig_owners, renderer) if wig_owners else ()
        self._path = Path()
        self._sitter: Sitter | None = None

    def sitter(self, path: Path) -> Sitter:
        """The person of a file, read only where another sat there before."""
        if self._sitter is None or path != self._path:
            if self._sitter is not None:
                self._sitter.close()
            self._path, self._sitter = path, Sitter(Avatar(path), self._renderer, self._wigs)
        return self._sitter

    def __del__(self) -> None:
        self._renderer.close()


@lru_cache(maxsize=1)
def _studio(side: int, wig_owners: tuple[Path, ...]) -> _Studio:
    """This process's own."""
    return _Studio(Renderer(side), wig_owners)


def _render_shard(request: RenderRequest, chosen: list[Path], folder: Path, shard: int) -> int:
    """Draw and write one shard; its number of pictures."""
    wig_owners = tuple(chosen) if request.scene.other_hair else ()
    sitter = _studio(request.side, wig_owners).sitter(chosen[shard % len(chosen)])
    faces = [
        _kept(draw_face(sitter, request.scene, np.random.default_rng([request.seed, number])), path)
        for number, path in _pictures(request, folder, shard)
    ]
    numbers = _numbers(request, shard)
    _write_npz(_shard_path(folder, shard), _columns(faces, sitter.avatar, numbers))
    return len(faces)


def _kept(face: RenderedFace, path: Path) -> RenderedFace:
    """The face, its picture written."""
    _, data = cv2.imencode(".jpg", face.image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    write_whole(path, lambda beside: beside.write_bytes(data.tobytes()))
    return face


def _numbers(request: RenderRequest, shard: int) -> range:
    return range(shard * SHARD_PICTURES, min((shard + 1) * SHARD_PICTURES, request.count))


def _pictures(request: RenderRequest, folder: Path, shard: int) -> Iterable[tuple[int, Path]]:
    return ((number, folder / picture_name(number)) for number in _numbers(request, shard))


def picture_name(number: int) -> str:
    """Path of a picture within its folder."""
    return f"pictures/{number // SHARD_PICTURES:05d}/{number:06d}.jpg"


def _shard_path(folder: Path, shard: int) -> Path:
    return folder / "shards" / f"{shard:05d}.npz"


def _columns(faces: Sequence[RenderedFace], avatar: Avatar, numbers: range) -> dict[str, NDArray[Any]]:
    """The labels of one shard, a row a picture."""
    names = avatar.morph_names
    return {
        "pictures": np.array([picture_name(number) for number in numbers]),
        "avatars": np.array([avatar.name] * len(faces)),
        "numbers": np.array(numbers, np.int64),
        "surface": np.array([face.surface for face in faces], np.float32),
        "contour": np.array([face.contour for face in faces], np.float32),
        "surface_visible": np.array([face.surface_visible for face in faces]),
        "contour_visible": np.array([face.contour_visible for face in faces]),
        "inside": np.array([_inside(face) for face in faces]),
        "angles": np.array(
            [[face.angles.yaw, face.angles.pitch, face.angles.roll] for face in faces], np.float32
        ),
        "morphs": np.array([[face.morphs.get(name, 0.0) for name in names] for face in faces], np.float16),
        "covers": np.array([",".join(face.covers) for face in faces]),
    }


def _inside(face: RenderedFace) -> NDArray[np.bool_]:
    """(68,) whether each point of the outline's labels lies inside the picture."""
    edge = face.image.shape[0] - 0.5
    return np.asarray(((face.contour >= -0.5) & (face.contour <= edge)).all(axis=1))


def _write_npz(path: Path, columns: dict[str, NDArray[Any]]) -> None:
    def fill(beside: Path) -> None:
        with beside.open("wb") as stream:
            np.savez_compressed(stream, **columns)  # type: ignore[arg-type]  # its stub takes names for flags

    write_whole(path, fill)


def _join_labels(folder: Path, shards: range) -> Path:
    parts = []
    for shard in shards:
        with np.load(_shard_path(folder, shard)) as stored:
            parts.append(dict(stored))
    joined = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    _write_npz(folder / LABELS, joined)
    return folder / LABELS


def _keep_request(request: RenderRequest, chosen: list[Path], folder: Path) -> None:
    """Write what is asked for, or hold it against what was asked for before."""
    asked = {
        "format": FORMAT,
        "shard_pictures": SHARD_PICTURES,
        **{key: value for key, value in asdict(request).items() if key != "avatars"},
        "avatars": {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in chosen},
    }
    text = json.dumps(asked, indent=2) + "\n"
    path = folder / REQUEST
    if path.is_file():
        if path.read_text(encoding="utf-8") != text:
            raise RefusedError(
                f"{folder} holds pictures of other heads or settings (see {path.name}); choose another --out"
            )
        return
    if folder.is_dir() and any(folder.iterdir()):
        raise RefusedError(f"{folder} is not empty and holds no {REQUEST}; choose an empty --out")
    write_whole(path, lambda beside: beside.write_text(text, encoding="utf-8"))

"""AFLW2000-3D: a .mat beside each picture, 68 points of a fitted 3-D face (Zhu et al., CVPR 2016).

`pt3d_68` has rows of x, y, z in MATLAB's pixels, counted from 1; `Pose_Para` has pitch, yaw, roll in radians.
The jaw follows the contour on the 3-D face, which may be hidden, not the visible edge as in 300-W.
"""

import multiprocessing
import struct
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np

from device.contract.errors import BadInputError
from training.data.sets.sample import Faces, Sample
from training.data.sets.usable import usable

SOURCE = "AFLW2000-3D can be downloaded from www.cbsr.ia.ac.cn/users/xiangyuzhu/projects/3DDFA/main.htm"


DAMAGE = (
    OSError, LookupError, ValueError, TypeError, NotImplementedError, MemoryError, struct.error, zlib.error,
)  # fmt: skip
"""What scipy raises for a damaged file besides its own MatReadError; MemoryError for an absurd size."""


def _read_face(path: Path) -> tuple[np.ndarray, float]:
    """(68, 2) landmarks, 0-based, and the yaw in radians."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        values = loadmat(path)
        landmarks = np.asarray(values["pt3d_68"], np.float32)[:2].T - 1
        yaw = float(np.asarray(values["Pose_Para"]).ravel()[1])
    except (MatReadError, *DAMAGE) as error:
        raise BadInputError(f"{path} is not a label file of AFLW2000-3D ({error}); {SOURCE}") from error
    if landmarks.shape != (68, 2):
        raise BadInputError(f"{path} holds {landmarks.shape} points, wanted (68, 2); {SOURCE}")
    return landmarks, yaw


def _read_faces(paths: Sequence[Path]) -> Iterator[tuple[np.ndarray, float]]:
    """Each file's face, read in a process of its own: scipy's reader of .mat can crash on a damaged file."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "scipy.io"])
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        for path in paths:
            try:
                yield pool.submit(_read_face, path).result()
            except BrokenProcessPool as error:
                raise BadInputError(f"{path} crashes the reader of .mat files: damaged; {SOURCE}") from error


def read_aflw2000(folder: Path) -> Faces:
    """Every face with its yaw, in scheme ibug_68, sorted by name.

    Raises:
        BadInputError: no face, a face without its picture, a damaged label file.
    """
    paths = sorted(folder.rglob("*.mat"))
    if lone := next((path for path in paths if not path.with_suffix(".jpg").is_file()), None):
        raise BadInputError(f"no {lone.with_suffix('.jpg')} beside {lone.name}; {SOURCE}")
    samples = []
    for path, (landmarks, yaw) in zip(paths, _read_faces(paths), strict=True):
        name = f"aflw2000/{path.relative_to(folder).with_suffix('').as_posix()}"
        samples.append(Sample(name, path.with_suffix(".jpg"), landmarks, "aflw2000", yaw_radians=yaw))
    if not samples:
        raise BadInputError(f"no .mat file below {folder}: wanted NAME.jpg beside NAME.mat; {SOURCE}")
    return usable(samples, origin=1)

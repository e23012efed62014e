"""FairFace's photographs with labels by MediaPipe's mesh, as a data set that a run file may name.

FairFace (Karkkainen and Joo, WACV 2021) is published under CC BY 4.0 by its authors; the pictures are from
YFCC-100M, whose photographers chose Creative Commons licences of their own. Names that begin with `val_` are
FairFace's own validation part and stay one.
"""

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from device.contract.errors import BadInputError
from device.contract.files import write_whole, write_whole_bytes
from device.contract.landmarks import ibug_68
from training.data.drawing import draw_face, tile
from training.data.sets.labelled import PICTURES, write_labels
from training.data.sets.picture import read_picture
from training.data.sets.sample import Sample
from training.face_mesh.mesh import FaceMesh
from training.measure.yaw import yaw_degrees
from training.pseudo_labels.mesh_table import MeshTable
from training.pseudo_labels.passes import PASSES, agreement_of, back_in_picture, looks_at

SET = "fairface"
HELD_OUT = "val_"
MAX_YAW_DEGREES = 35.0
"""By the mesh's own eyes and nose; beyond, a mesh that agrees with itself may still be wrong."""
AT_ONCE = 25
"""Pictures that are given to MediaPipe together."""
SHOWN, COLUMNS = 40, 8
"""Faces on the sheet."""


@dataclass(frozen=True, eq=False)
class LabelledPhotographs:
    """What became of the photographs."""

    kept: list[Sample]
    left_out: Counter[str]
    """Number of pictures by reason."""


def label_photographs(folder: Path, mesh: FaceMesh, table: MeshTable) -> LabelledPhotographs:
    """Labels of every photograph in a folder where the passes agree.

    Raises:
        BadInputError: no photograph there, or one cannot be read.
        MissingOutsideError: MediaPipe cannot run.
    """
    paths = sorted(folder.glob("*.jpg"))
    if not paths:
        raise BadInputError(f"no .jpg file in {folder}; wanted FairFace's photographs")
    made = LabelledPhotographs([], Counter())
    for start in tqdm(range(0, len(paths), AT_ONCE), desc="labelling", unit="group"):
        chosen = paths[start : start + AT_ONCE]
        _label(chosen, [read_picture(path) for path in chosen], mesh, table, made)
    return made


def _label(
    paths: Sequence[Path],
    pictures: Sequence[NDArray[np.uint8]],
    mesh: FaceMesh,
    table: MeshTable,
    made: LabelledPhotographs,
) -> None:
    """Add these photographs to those made."""
    looks = [look for picture in pictures for look in looks_at(picture)]
    landmarks = table.landmarks(mesh.landmarks(looks)).reshape(len(paths), len(PASSES), 68, 2)
    for path, picture, passes in zip(paths, pictures, landmarks, strict=True):
        agreement = agreement_of(back_in_picture(passes, picture.shape[1], picture.shape[0]))
        if agreement is None:
            made.left_out["the passes do not agree"] += 1
            continue
        sample = Sample(f"{SET}/{path.stem}", path, agreement.landmarks.astype(np.float32), SET)
        if abs(yaw_degrees(sample, ibug_68)) > MAX_YAW_DEGREES:
            made.left_out["turned too far"] += 1
            continue
        made.kept.append(sample)


def write_photographs(samples: Sequence[Sample], out: Path) -> Path:
    """Copy the photographs and write their labels; the path of these.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    names = [f"{PICTURES}/{sample.path.name}" for sample in samples]
    for sample, name in zip(samples, names, strict=True):
        write_whole(out / name, partial(shutil.copyfile, sample.path))
    held_out = np.array([sample.path.name.startswith(HELD_OUT) for sample in samples])
    return write_labels(out, SET, names, np.stack([sample.landmarks for sample in samples]), held_out)


def draw_page(samples: Sequence[Sample], page: Path) -> None:
    """Draw faces, evenly picked from all, with their points into one PNG.

    Raises:
        BadInputError: a picture cannot be read.
        WriteFailedError: the page cannot be written.
    """
    picked = np.linspace(0, len(samples) - 1, min(SHOWN, len(samples))).astype(int)
    chosen = [samples[number] for number in picked]
    tiles = [draw_face(read_picture(one.path), one.landmarks, None) for one in chosen]
    _, data = cv2.imencode(".png", tile(tiles, COLUMNS))
    write_whole_bytes(page, data.tobytes())

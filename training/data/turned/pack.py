"""Packs of turned faces: made once, then read from the cache."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from device.contract.errors import BadInputError
from device.contract.files import write_whole
from device.contract.landmarks import ibug_68
from device.signal.mean_face import mean_landmarks
from training.data.drawing import draw_face, tile
from training.data.pack import (
    FacePack,
    PackedFace,
    as_jpeg,
    cut_face,
    map_in_processes,
    pack_key,
    read_faces,
    seeded_by,
    write_faces,
)
from training.data.sets import read_data_folder
from training.data.sets.sample import Sample
from training.data.settings import TURNED
from training.data.turned.head_surface import fit_head
from training.data.turned.jaw_slide import JawSlide, measure_slide
from training.data.turned.turned import WIDER, TurnedFace, TurnSettings, draw_turn, turn_face

TURNED_SETS = ("300w",)
"""Sets whose faces are turned: those labelled by hand, since turning magnifies the errors of labels."""

FORMAT = 1
"""Part of the cache key; raise it when the way of turning changes."""

SHEET_FACES = 32
SHEET_SETTINGS = TurnSettings(context=1.6, side=160)


def turn_sample(sample: Sample, copy: int, slide: JawSlide, settings: TurnSettings) -> TurnedFace | None:
    """Turn a sample's face at random, seeded by its name and the copy's number; None where it cannot be.

    Raises:
        BadInputError: its picture cannot be read.
    """
    rng = seeded_by(f"{sample.name} {copy}")
    picture, landmarks = cut_face(sample, settings.context * WIDER, round(settings.side * WIDER))
    head = fit_head(landmarks, len(picture), slide.near_depth)
    turn = None if head is None else draw_turn(head.rotation, settings.largest_yaw, rng)
    return None if head is None or turn is None else turn_face(picture, head, turn, slide, settings)


def _slide_of(samples: Sequence[Sample]) -> JawSlide:
    return measure_slide(np.stack([sample.landmarks for sample in samples]))


def _packed(work: tuple[Sample, int], slide: JawSlide, settings: TurnSettings) -> PackedFace | None:
    sample, copy = work
    face = turn_sample(sample, copy, slide, settings)
    if face is None:
        return None
    return PackedFace(as_jpeg(face.image), face.landmarks, f"{TURNED}/{sample.name}/{copy}", TURNED)


def load_turned(
    samples: Sequence[Sample], copies: int, settings: TurnSettings, cache: Path, workers: int = 2
) -> tuple[FacePack, list[str]]:
    """Turned copies of faces, from `cache` or made now, and a note on the faces left out.

    Raises:
        BadInputError: no face of TURNED_SETS, another landmark scheme, no face that can be turned, or a
            damaged picture.
        WriteFailedError: the cache cannot be written.
    """
    chosen = [sample for sample in samples if sample.source in TURNED_SETS]
    if not chosen or len(chosen[0].landmarks) != ibug_68.count:
        raise BadInputError(
            f"[data] turned wants faces of {' or '.join(TURNED_SETS)} with {ibug_68.count} points, got "
            f"{len(chosen)} of such a set; set it to 0"
        )
    recipe = f"{FORMAT} {copies} {asdict(settings)} {mean_landmarks().tolist()}"
    path = cache / f"turned-{pack_key(chosen, recipe)}.npz"
    if not path.is_file():
        work = [(sample, copy) for copy in range(copies) for sample in chosen]
        turn = partial(_packed, slide=_slide_of(chosen), settings=settings)
        turned = map_in_processes(turn, work, "turning faces", workers)
        rows = [face for face in turned if face is not None]
        if not rows:
            raise BadInputError(f"[data] turned: none of {len(work)} faces could be turned; set it to 0")
        write_faces(path, rows)
    pack, wanted = read_faces(path, settings.context, settings.side), copies * len(chosen)
    left_out = wanted - len(pack.names)
    return pack, [f"{TURNED}: {left_out} of {wanted} faces left out, turned too far already or not fitting"]


def draw_turned(data: Path, path: Path) -> int:
    """Draw training faces beside their turned copies, with labels, as PNG; returns how many were left out.

    Raises:
        BadInputError: no data set there, a damaged one, or no face that can be turned.
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    samples = [sample for sample in read_data_folder(data).train if sample.source in TURNED_SETS]
    step = max(len(samples) // SHEET_FACES, 1)
    pictures, left_out, slide = [], 0, _slide_of(samples)
    for sample in samples[::step][:SHEET_FACES]:
        face = turn_sample(sample, 0, slide, SHEET_SETTINGS)
        if face is None:
            left_out += 1
            continue
        before = cut_face(sample, SHEET_SETTINGS.context, SHEET_SETTINGS.side)
        pictures += [draw_face(*before, None), draw_face(face.image, face.landmarks, None)]
    if not pictures:
        raise BadInputError(f"no face of {' or '.join(TURNED_SETS)} in {data} could be turned")
    sheet = tile(pictures, columns=8)
    write_whole(path, lambda temporary: cv2.imwrite(str(temporary), sheet))
    return left_out

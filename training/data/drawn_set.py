"""Drawn heads as a data set on the disk, beside others that a run file names."""

import os
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from device.contract.errors import RefusedError
from device.contract.files import write_whole_bytes
from training.data.pack import as_jpeg
from training.data.sets.labelled import LABELS, PICTURES, write_labels
from training.data.synthetic import draw_faces

SET = "drawn"
AT_ONCE = 256
"""Heads drawn before they are written."""
MAX_HEADS = 10**6
"""Of one seed."""
HELD_OUT_EVERY = 20
"""One head of so many is for validation."""


def write_drawn_heads(count: int, seed: int, side: int, out: Path) -> Path:
    """Draw heads and write them with their labels; the path of these.

    Args:
        count: heads.
        seed: another seed draws other heads.
        side: of a picture, pixels; a face is about half as large.
        out: folder, empty or not there.

    Raises:
        RefusedError: there are labels already.
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    if (out / LABELS).exists():
        raise RefusedError(f"{out / LABELS} is there already; choose another --out, or remove the folder")
    names, landmarks = [], []
    for start in tqdm(range(0, count, AT_ONCE), desc="drawing", unit="group", file=sys.stderr):
        size = min(AT_ONCE, count - start)
        images, points = draw_faces(size, seed * MAX_HEADS + start, side, workers=os.cpu_count())
        for number, image in enumerate(images, start=start):
            names.append(f"{PICTURES}/{number:06d}.jpg")
            write_whole_bytes(out / names[-1], as_jpeg(image))
        landmarks.append(points)
    held_out = np.arange(count) % HELD_OUT_EVERY == 0
    return write_labels(out, SET, names, np.concatenate(landmarks), held_out)

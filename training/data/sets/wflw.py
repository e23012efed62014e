"""WFLW: 98 points, text lists beside the pictures (Wu et al., CVPR 2018), 0-based.

    WFLW_images/EVENT/NAME.jpg
    WFLW_annotations/list_98pt_rect_attr_train_test/list_98pt_rect_attr_{train,test}.txt

A line holds 196 coordinates, a box of four, six attributes (0 or 1) and the picture's path.
"""

from pathlib import Path

import numpy as np

from device.contract.errors import BadInputError
from device.support.paths import is_file
from training.data.sets.sample import Faces, Sample
from training.data.sets.text import read_text
from training.data.sets.usable import usable

LISTS = Path("WFLW_annotations", "list_98pt_rect_attr_train_test")
PICTURES = Path("WFLW_images")
SOURCE = "WFLW can be downloaded from wywu.github.io/projects/LAB/WFLW.html"
ATTRIBUTES = ("pose", "expression", "illumination", "make-up", "occlusion", "blur")
"""In the order of the columns; its test faces with one are a subset of the benchmark."""
COLUMNS = 196 + 4 + len(ATTRIBUTES) + 1


def read_wflw(folder: Path, part: str) -> Faces:
    """Every face of a part, in the list's order, in scheme wflw_98.

    Args:
        folder: holds WFLW_images and WFLW_annotations.
        part: train or test.

    Raises:
        BadInputError: the list is missing or damaged, or a picture is missing.
    """
    path = folder / LISTS / f"list_98pt_rect_attr_{part}.txt"
    samples = []
    text = read_text(path, f"WFLW's list of {part} faces; {SOURCE}")
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        try:
            landmarks = np.asarray(words[:196], np.float32).reshape(98, 2)
        except ValueError as error:
            raise BadInputError(f"{path} line {number}: wanted {COLUMNS} columns ({error})") from error
        if len(words) != COLUMNS:
            raise BadInputError(f"{path} line {number} has {len(words)} columns, wanted {COLUMNS}")
        picture = folder / PICTURES / words[-1]
        if not is_file(picture):
            raise BadInputError(f"no {str(picture)[:200]}, which {path} line {number} names; {SOURCE}")
        # One picture may hold several faces: the line tells them apart.
        name = f"wflw/{part}/{number:05d}-{picture.stem}"
        flags = zip(ATTRIBUTES, words[200:206], strict=True)
        attributes = tuple(attribute for attribute, flag in flags if flag == "1")
        samples.append(Sample(name, picture, landmarks, "wflw", attributes=attributes))
    return usable(samples)

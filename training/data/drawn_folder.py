"""A data folder of drawn faces in the layouts of 300-W and YouTube Faces: any run file can be tried on it."""

import csv
import io
import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.files import write_whole_bytes
from training.data.synthetic import draw_faces

SIDE = 256
"""Pixels of a picture."""
HELD_OUT = 5
"""One face in so many is held out."""


def pts_text(landmarks: NDArray[np.floating]) -> str:
    """(K, 2) pixels, 0-based, as a .pts file says them."""
    rows = "\n".join(f"{x + 1:.3f} {y + 1:.3f}" for x, y in landmarks)
    return f"version: 1\nn_points: {len(landmarks)}\n{{\n{rows}\n}}\n"


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".jpg", image)[1].tobytes()


def _write_300w(folder: Path, images: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> None:
    names = [f"drawn/{number:05d}" for number in range(len(images))]
    for name, image, face in zip(names, images, landmarks, strict=True):
        write_whole_bytes(folder / f"{name}.jpg", _jpeg(image))
        write_whole_bytes(folder / f"{name}.pts", pts_text(face).encode())
    # Last: a folder that was cut off has no list, and reading it says so.
    write_whole_bytes(folder / "validation.txt", "\n".join(names[::HELD_OUT]).encode())


def _write_youtube_faces(folder: Path, images: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> None:
    names = [f"Person{number}_0.jpg" for number in range(len(images))]
    tables = {part: io.StringIO() for part in ("training", "test")}
    writers = {part: csv.writer(table) for part, table in tables.items()}
    for writer in writers.values():
        writer.writerow(["name", *(f"{axis}{point}" for point in range(68) for axis in "xy")])
    for number, (name, image, face) in enumerate(zip(names, images, landmarks, strict=True)):
        part = "training" if number % HELD_OUT else "test"
        write_whole_bytes(folder / part / name, _jpeg(image))
        writers[part].writerow([name, *face.round().ravel().tolist()])
    for part, table in tables.items():
        write_whole_bytes(folder / f"{part}_frames_keypoints.csv", table.getvalue().encode())
    held_out = (name.rsplit("_", 1)[0] for name in names[::HELD_OUT])
    write_whole_bytes(folder / "validation_subjects.txt", "\n".join(held_out).encode())


def write_drawn_folder(out: Path, count: int, seed: int = 0) -> None:
    """Draw faces and write them as two data sets, the first half as 300-W, the others as YouTube Faces.

    Args:
        out: data folder to write.
        count: faces of both sets together.
        seed: of the faces.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    images, landmarks = draw_faces(count, seed, SIDE, workers=os.cpu_count())
    half = count // 2
    _write_300w(out / "300w", images[:half], landmarks[:half])
    _write_youtube_faces(out / "youtube_faces", images[half:], landmarks[half:])

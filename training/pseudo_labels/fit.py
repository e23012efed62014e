"""Fits the table of `mesh_table.py` to a folder of rendered heads."""

from pathlib import Path

import numpy as np
from tqdm import tqdm

from training.data.pack import cut_face
from training.data.sets.rendered import HELD_OUT, avatar_of, read_rendered
from training.face_mesh.mesh import FaceMesh
from training.pseudo_labels.mesh_table import MAX_ERROR, MESH_POINTS, errors_of, fit_table, write_table

MAX_YAW_DEGREES = 40.0
"""Of the heads that count: on others the outline that the jaw's labels follow is no part of the mesh."""
MIN_VISIBLE = 60
"""Of the 68 points: behind a mask or a hand the mesh guesses."""
CONTEXT, SIDE = 2.2, 320
"""Of the pictures shown to MediaPipe: side in face sizes, and in pixels."""
AT_ONCE = 100
"""Pictures that are given to MediaPipe together."""


def fit_to_rendered(folder: Path, mesh: FaceMesh, out: Path) -> str:
    """Fit and write the table; a sentence on how well it fits.

    Args:
        folder: that `python -m training render` has written.
        mesh: to ask.
        out: JSON to write.

    Raises:
        BadInputError: no rendered heads there, or too few on which the mesh is right.
        WriteFailedError: the file cannot be written.
    """
    samples = [
        sample
        for sample in read_rendered(folder)
        if avatar_of(sample.name) not in HELD_OUT
        and (sample.visible is None or sample.visible.sum() >= MIN_VISIBLE)
        and abs(np.degrees(sample.yaw_radians or 0)) <= MAX_YAW_DEGREES
    ]
    cut = [cut_face(sample, CONTEXT, SIDE) for sample in tqdm(samples, desc="cutting", unit="face")]
    meshes = [
        mesh.landmarks([picture for picture, _ in cut[start : start + AT_ONCE]])
        for start in tqdm(range(0, len(cut), AT_ONCE), desc="asking the mesh", unit="group")
    ]
    found = np.concatenate(meshes)[:, :MESH_POINTS]
    seen = np.isfinite(found).all(axis=(1, 2))
    found, landmarks = found[seen], np.stack([points for _, points in cut])[seen].astype(np.float64)
    table = fit_table(found, landmarks)
    errors = errors_of(table, found, landmarks)
    good = int((errors < MAX_ERROR).sum())
    about = (
        f"by `python -m training mesh-table` from {good} rendered VALID avatars (MIT) and what MediaPipe's "
        "face mesh 0.10.14 (Apache-2.0) says of them; see training/pseudo_labels/mesh_table.py"
    )
    write_table(table, about, out)
    error = 100 * float(errors[errors < MAX_ERROR].mean())
    return f"{out}: {good} of {len(samples)} heads, {error:.2f} % of the face's size from the labels"

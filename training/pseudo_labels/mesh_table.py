"""From MediaPipe's mesh to the 68 points: a table fitted on rendered heads alone, whose points are known.

Each point is a weighted mean, with weights that sum to one, of the mesh points that lie nearest to it. So
the table moves, turns and scales with the face. The jaw as people label it is no set of places on the
skin, though: where a head turns, it goes over to the outline of the cheek. So the weights change with how
far the mesh shows the head turned, w = w0 + t w1 + |t| w2, which leaves an error of 3 % of the face's
size at the jaw where constant weights leave 4 %. It is fitted by ridge regression towards equal, constant
weights, in units of the face's size, over heads that are not turned far; heads on which the mesh is off
are left out after the first fit. Letters: N faces, K landmarks, J mesh points of one landmark.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes

Array = NDArray[np.float64]

TABLE = Path(__file__).with_name("mesh68.json")
MESH_POINTS = 468
"""Of the mesh without the irises."""
NEAREST = 10
"""J."""
RIDGE = 1e-4
"""Of a weight, face sizes squared: about what the mesh is off by, squared. Ten times less fits other rendered
heads better by 0.04 % of the face's size, with weights that say more about these heads than about faces."""
NOSE_TIP, SIDES = 1, (234, 454)
"""Mesh points that show how far a head is turned: the nose's tip, and before the right and the left ear."""
PARTS = 3
"""Of a weight: constant, times t, and times |t|."""
MAX_ERROR = 0.03
"""Mean distance, in face sizes, beyond which the mesh is off on a head."""
MIN_FACES = 100
"""Fewer heads cannot say where ten weights a point lie."""


@dataclass(frozen=True, eq=False)
class MeshTable:
    """The 68 points as weighted means of mesh points."""

    indices: NDArray[np.int64]
    """(K, J) mesh points."""
    weights: Array
    """(3, K, J): constant ones, of sum 1; by the turn, and by its amount, of sum 0."""

    def landmarks(self, mesh: Array) -> Array:
        """(..., K, 2) landmarks of meshes (..., at least 468, 2)."""
        weights = np.einsum("...p,pkj->...kj", _by_turn(mesh), self.weights)
        return np.asarray((mesh[..., self.indices, :] * weights[..., None]).sum(axis=-2), np.float64)


def turn_of(meshes: Array) -> Array:
    """(...,) how far heads are turned: -1 where the nose's tip is seen at the right side, 1 at the left.

    Args:
        meshes: (..., at least 468, 2).
    """
    right, left = (meshes[..., side, :] for side in SIDES)
    across = left - right
    place = ((meshes[..., NOSE_TIP, :] - right) * across).sum(axis=-1) / (across**2).sum(axis=-1)
    return np.asarray(2 * place - 1, np.float64)


def _by_turn(meshes: Array) -> Array:
    """(..., 3) what the parts of a weight are multiplied with."""
    turn = turn_of(meshes)
    return np.stack([np.ones_like(turn), turn, np.abs(turn)], axis=-1)


def face_sizes(landmarks: Array) -> Array:
    """(N,) longest side of each face's box."""
    return np.asarray(np.ptp(landmarks, axis=1).max(axis=1))


def errors_of(table: MeshTable, meshes: Array, landmarks: Array) -> Array:
    """(N,) mean distance of the table's points from the labels, face sizes."""
    distances = np.linalg.norm(table.landmarks(meshes) - landmarks, axis=2)
    return np.asarray(distances.mean(axis=1) / face_sizes(landmarks))


def fit_table(meshes: Array, landmarks: Array) -> MeshTable:
    """The table that brings meshes (N, 468, 2) nearest to landmarks (N, K, 2).

    Raises:
        BadInputError: too few faces.
    """
    table = _fit_once(meshes, landmarks)
    good = errors_of(table, meshes, landmarks) < MAX_ERROR
    if good.sum() < MIN_FACES:
        raise BadInputError(
            f"the mesh agrees with the labels on {good.sum()} of {len(good)} heads, wanted {MIN_FACES}; "
            "render more with `python -m training render`"
        )
    return _fit_once(meshes[good], landmarks[good])


def _fit_once(meshes: Array, landmarks: Array) -> MeshTable:
    sizes = face_sizes(landmarks)[:, None, None]
    distance = np.linalg.norm(meshes[:, None] - landmarks[:, :, None], axis=3) / sizes
    indices = np.argsort(np.median(distance, axis=0), axis=1)[:, :NEAREST]
    parts = _by_turn(meshes)
    weights = [
        _weights(meshes[:, chosen] / sizes, landmarks[:, point] / sizes[:, 0], parts)
        for point, chosen in enumerate(indices)
    ]
    return MeshTable(indices, np.stack(weights, axis=1))


def _weights(near: Array, wanted: Array, parts: Array) -> Array:
    """(3, J) weights that bring near (N, J, 2) to wanted (N, 2), for heads turned by parts (N, 3)."""
    # Relative to the mean of the near points, the weights' departure from 1 / J sums to zero.
    centre = near.mean(axis=1, keepdims=True)
    count = near.shape[1]
    free = np.eye(count)[:, 1:] - np.eye(count)[:, :1]
    terms = np.einsum("njc,jm,np->ncpm", near - centre, free, parts).reshape(2 * len(near), -1)
    lacking = (wanted - centre[:, 0]).reshape(-1)
    ridge = RIDGE * len(near) * np.kron(np.eye(PARTS), free.T @ free)
    departure = np.linalg.solve(terms.T @ terms + ridge, terms.T @ lacking).reshape(PARTS, -1) @ free.T
    departure[0] += 1 / count
    return np.asarray(departure)


def write_table(table: MeshTable, about: str, path: Path) -> None:
    """Write a table as JSON.

    Raises:
        WriteFailedError: the file cannot be written.
    """
    rows = [
        json.dumps({"mesh": indices.tolist(), "weights": np.round(weights, 4).tolist()})
        for indices, weights in zip(table.indices, table.weights.swapaxes(0, 1), strict=True)
    ]
    lines = ",\n  ".join(rows)
    write_whole_bytes(path, f'{{\n "about": {json.dumps(about)},\n "points": [\n  {lines}\n ]\n}}\n'.encode())


@cache
def read_table(path: Path = TABLE) -> MeshTable:
    """The table of the package."""
    points: Sequence[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["points"]
    weights = np.array([point["weights"] for point in points]).swapaxes(0, 1)
    # Written rounded: the sums are made exact again.
    lacking = np.array([1.0, 0.0, 0.0])[:, None] - weights.sum(axis=2)
    indices = np.array([point["mesh"] for point in points], np.int64)
    return MeshTable(indices, weights + lacking[:, :, None] / weights.shape[2])

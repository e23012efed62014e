"""What each data set is made from, for the list of a model's sources."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.contract.files import sha256_of
from device.contract.provenance import FREE, RESEARCH, UNKNOWN, Source

NAMES = {
    "300w": "300-W",
    "youtube_faces": "YouTube Faces",
    "wflw": "WFLW",
    "cofw": "COFW",
    "aflw2000": "AFLW2000-3D",
    "rendered": "VALID avatars",
    "fairface": "FairFace",
    "drawn": "drawn heads",
    "synthetic": "drawn heads",
    "turned": "300-W",
}
"""Whose pictures each set has."""
ROOT = Path(__file__).parents[2]
TABLES = {
    "rendered": (ROOT / "rendered/landmarks68.json",),
    "fairface": (ROOT / "rendered/landmarks68.json", ROOT / "pseudo_labels/mesh68.json"),
}
"""Files that the labels of a set rest on, made with MediaPipe's help."""
MESH = "MediaPipe face mesh"


def origins_of(
    names: Sequence[str], landmarks: Sequence[NDArray[np.floating]], kinds: Sequence[str], used_as: str
) -> list[Source]:
    """The sources of faces of any sets.

    Args:
        names: of the faces.
        landmarks: (K, 2) of each.
        kinds: the set of each.
        used_as: what the faces are for.
    """
    found = []
    for kind in sorted(set(kinds)):
        digest = hashlib.sha256()
        for name, points, each in zip(names, landmarks, kinds, strict=True):
            if each == kind:
                digest.update(name.encode() + np.asarray(points, np.float32).tobytes())
        found += [Source(name, licence_of(name), digest.hexdigest(), used_as) for name in _names(kind)]
        found += [Source(MESH, licence_of(MESH), sha256_of(path), path.name) for path in TABLES.get(kind, ())]
    return found


def _names(kind: str) -> tuple[str, ...]:
    """Names of what a set is made from; pseudo-labels rest on a table fitted to rendered heads."""
    name = NAMES.get(kind, kind)
    return (name, NAMES["rendered"]) if kind == "fairface" else (name,)


def licence_of(name: str) -> str:
    """Of a source by its name."""
    if name in FREE:
        return FREE[name]
    return RESEARCH if name in NAMES.values() else UNKNOWN

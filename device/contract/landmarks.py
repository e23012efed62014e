"""Landmark schemes: which points there are, their names and order, and their mirror twins.

Left and right are the subject's. A scheme is data; code asks it instead of holding indices.
The order of ibug_68 is that of the 300-W annotation (Sagonas et al., ICCVW 2013).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LandmarkScheme:
    """An ordered set of facial points."""

    name: str
    """Identifier as manifests spell it."""
    landmark_names: tuple[str, ...]
    """K names by anatomy and the subject's side."""
    groups: dict[str, tuple[int, ...]]
    """Indices by region, for reports."""
    swap_pairs: tuple[tuple[int, int], ...]
    """Index pairs exchanged by a horizontal mirror; an index in no pair lies on the midline."""
    outer_eye_corners: tuple[int, int]
    """Right and left outer eye corner: the normaliser of nme_interocular."""
    eye_rings: tuple[tuple[int, ...], tuple[int, ...]]
    """Contour points of the right and the left eye; their mean stands for the pupil."""
    nose_tip: int
    """The point between the eyes and the mouth that leads the face's turn."""
    mouth_corners: tuple[int, int]
    """Right and left corner of the mouth."""

    @property
    def count(self) -> int:
        """K, the number of points."""
        return len(self.landmark_names)

    @cached_property
    def mirror_order(self) -> NDArray[np.int64]:
        """(K,) int64: `landmarks[mirror_order]` renames the points of a mirrored picture."""
        order = np.arange(self.count)
        for first, second in self.swap_pairs:
            order[first], order[second] = second, first
        return order


def _numbered(prefix: str, count: int) -> list[str]:
    return [f"{prefix}_{number}" for number in range(1, count + 1)]


def _ibug_68_names() -> tuple[str, ...]:
    """Names in annotation order: the picture's left side, the subject's right, comes first."""
    jaw = [*_numbered("right_jaw", 8), "chin", *reversed(_numbered("left_jaw", 8))]
    brows = [*_numbered("right_brow", 5), *reversed(_numbered("left_brow", 5))]
    bridge = _numbered("nose_bridge", 3)
    base = ["right_nostril", "right_nostril_inner", "nose_base", "left_nostril_inner", "left_nostril"]
    # An eye ring starts in the picture's left corner: outer for the right eye, inner for the left.
    right_eye = [
        f"right_eye_{place}"
        for place in ("outer", "upper_outer", "upper_inner", "inner", "lower_inner", "lower_outer")
    ]
    left_eye = [
        f"left_eye_{place}"
        for place in ("inner", "upper_inner", "upper_outer", "outer", "lower_outer", "lower_inner")
    ]
    outer_lip = [
        "right_mouth_corner", "right_upper_lip_2", "right_upper_lip_1", "upper_lip",
        "left_upper_lip_1", "left_upper_lip_2", "left_mouth_corner",
        "left_lower_lip_2", "left_lower_lip_1", "lower_lip",
        "right_lower_lip_1", "right_lower_lip_2",
    ]  # fmt: skip
    inner_lip = [
        "right_inner_corner", "right_inner_upper_lip", "inner_upper_lip", "left_inner_upper_lip",
        "left_inner_corner", "left_inner_lower_lip", "inner_lower_lip", "right_inner_lower_lip",
    ]  # fmt: skip
    nose = [*bridge, "nose_tip", *base]
    return (*jaw, *brows, *nose, *right_eye, *left_eye, *outer_lip, *inner_lip)


def _pairs_by_name(names: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Each right_X with its left_X: the swap table follows from the names, not from typing."""
    index = {name: number for number, name in enumerate(names)}
    return tuple(
        (number, index["left_" + name.removeprefix("right_")])
        for name, number in index.items()
        if name.startswith("right_")
    )


_IBUG_68_NAMES = _ibug_68_names()

ibug_68 = LandmarkScheme(
    name="ibug_68",
    landmark_names=_IBUG_68_NAMES,
    groups={
        "jaw": tuple(range(17)),
        "brows": tuple(range(17, 27)),
        "nose": tuple(range(27, 36)),
        "eyes": tuple(range(36, 48)),
        "mouth": tuple(range(48, 68)),
    },
    swap_pairs=_pairs_by_name(_IBUG_68_NAMES),
    outer_eye_corners=(36, 45),
    eye_rings=(tuple(range(36, 42)), tuple(range(42, 48))),
    nose_tip=30,
    mouth_corners=(48, 54),
)

SCHEMES: dict[str, LandmarkScheme] = {ibug_68.name: ibug_68}
"""Every scheme a manifest may name."""

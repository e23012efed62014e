"""Landmark schemes: which points there are, their names and order, and their mirror twins.

Left and right are the subject's. A scheme is data; code asks it instead of holding indices.
The order of ibug_68 is that of the 300-W annotation (Sagonas et al., ICCVW 2013), that of wflw_98 and
cofw_29 their sets' own.
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
    order: str = "its own"
    """Whose order the points have, for pages."""
    pupils: tuple[int, ...] = ()
    """Right and left pupil, where the scheme has them; empty where it has not."""
    ibug_68_points: tuple[int, ...] = ()
    """The 68 points that stand for ibug_68's, in its order; empty where a scheme lacks some of them."""

    @property
    def count(self) -> int:
        """K, the number of points."""
        return len(self.landmark_names)

    @cached_property
    def eye_weights(self) -> NDArray[np.float64]:
        """(2, K) weight of each point in the centres of the right and the left eye."""
        weights = np.zeros((2, self.count))
        for row, ring in zip(weights, self.eye_rings, strict=True):
            row[list(ring)] = 1 / len(ring)
        return weights

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
    order="300-W (Sagonas et al., ICCVW 2013)",
)


def _wflw_98_names() -> tuple[str, ...]:
    """Names in WFLW's order (Wu et al., CVPR 2018): the picture's left side, the subject's right, first."""
    jaw = [*_numbered("right_jaw", 16), "chin", *reversed(_numbered("left_jaw", 16))]
    upper, lower = _numbered("brow_upper", 5), _numbered("brow_lower", 4)
    # A brow's ring starts in the picture's left corner: outer for the right brow, inner for the left.
    brows = [
        *(f"right_{name}" for name in upper), *(f"right_{name}" for name in lower),
        *(f"left_{name}" for name in reversed(upper)), *(f"left_{name}" for name in reversed(lower)),
    ]  # fmt: skip
    ring = ("outer", "upper_outer", "upper", "upper_inner", "inner", "lower_inner", "lower", "lower_outer")
    right_eye = [f"right_eye_{place}" for place in ring]
    left_ring = (ring[4], ring[3], ring[2], ring[1], ring[0], ring[7], ring[6], ring[5])
    left_eye = [f"left_eye_{place}" for place in left_ring]
    rest = _IBUG_68_NAMES[27:36], _IBUG_68_NAMES[48:68]
    return (*jaw, *brows, *rest[0], *right_eye, *left_eye, *rest[1], "right_pupil", "left_pupil")


_WFLW_98_NAMES = _wflw_98_names()

wflw_98 = LandmarkScheme(
    name="wflw_98",
    landmark_names=_WFLW_98_NAMES,
    groups={
        "jaw": tuple(range(33)),
        "brows": tuple(range(33, 51)),
        "nose": tuple(range(51, 60)),
        "eyes": (*range(60, 76), 96, 97),
        "mouth": tuple(range(76, 96)),
    },
    swap_pairs=_pairs_by_name(_WFLW_98_NAMES),
    outer_eye_corners=(60, 72),
    eye_rings=(tuple(range(60, 68)), tuple(range(68, 76))),
    pupils=(96, 97),
    nose_tip=54,
    mouth_corners=(76, 82),
    # Every second point of the jaw, the brows' upper edge, six of an eye's eight points.
    ibug_68_points=(
        *range(0, 33, 2), *range(33, 38), *range(42, 47), *range(51, 60),
        60, 61, 63, 64, 65, 67, 68, 69, 71, 72, 73, 75, *range(76, 96),
    ),
    order="WFLW (Wu et al., CVPR 2018)",
)  # fmt: skip

_COFW_29_NAMES = (
    "right_brow_outer", "left_brow_outer", "right_brow_inner", "left_brow_inner",
    "right_brow_upper", "right_brow_lower", "left_brow_upper", "left_brow_lower",
    "right_eye_outer", "left_eye_outer", "right_eye_inner", "left_eye_inner",
    "right_eye_upper", "right_eye_lower", "left_eye_upper", "left_eye_lower",
    "right_pupil", "left_pupil", "right_nostril", "left_nostril", "nose_tip", "nose_base",
    "right_mouth_corner", "left_mouth_corner",
    "upper_lip", "inner_upper_lip", "inner_lower_lip", "lower_lip", "chin",
)  # fmt: skip

cofw_29 = LandmarkScheme(
    name="cofw_29",
    landmark_names=_COFW_29_NAMES,
    groups={
        "jaw": (28,),
        "brows": tuple(range(8)),
        "nose": tuple(range(18, 22)),
        "eyes": tuple(range(8, 18)),
        "mouth": tuple(range(22, 28)),
    },
    swap_pairs=_pairs_by_name(_COFW_29_NAMES),
    outer_eye_corners=(8, 9),
    # Of an eye's outline it has four points only.
    eye_rings=((16,), (17,)),
    pupils=(16, 17),
    nose_tip=20,
    mouth_corners=(22, 23),
    order="COFW (Burgos-Artizzu et al., ICCV 2013)",
)


def _jd_106_names() -> tuple[str, ...]:
    """Names in the order of JD-landmark (Liu et al., ICMEW 2019), which LaPa (Liu et al., AAAI 2020) shares.

    Jaw, brows and mouth are WFLW's. The nose has eleven points around its outline where WFLW has five, and an
    eye's centre follows its ring.
    """
    base = _IBUG_68_NAMES[31:36]
    sides = ("root", "side", "wing")
    outline = (
        *(f"right_nose_{place}" for place in sides), *base,
        *(f"left_nose_{place}" for place in reversed(sides)),
    )  # fmt: skip
    right_eye = (*_WFLW_98_NAMES[60:68], "right_eye_centre")
    left_eye = (*_WFLW_98_NAMES[68:76], "left_eye_centre")
    return (*_WFLW_98_NAMES[:55], *outline, *right_eye, *left_eye, *_WFLW_98_NAMES[76:])


_JD_106_NAMES = _jd_106_names()

jd_106 = LandmarkScheme(
    name="jd_106",
    landmark_names=_JD_106_NAMES,
    groups={
        "jaw": tuple(range(33)),
        "brows": tuple(range(33, 51)),
        "nose": tuple(range(51, 66)),
        "eyes": (*range(66, 84), 104, 105),
        "mouth": tuple(range(84, 104)),
    },
    swap_pairs=_pairs_by_name(_JD_106_NAMES),
    outer_eye_corners=(66, 79),
    eye_rings=(tuple(range(66, 74)), tuple(range(75, 83))),
    pupils=(104, 105),
    nose_tip=54,
    mouth_corners=(84, 90),
    # As WFLW's; of the nose's outline the five points at its base.
    ibug_68_points=(
        *range(0, 33, 2), *range(33, 38), *range(42, 47), *range(51, 55), *range(58, 63),
        66, 67, 69, 70, 71, 73, 75, 76, 78, 79, 80, 82, *range(84, 104),
    ),
    order="JD-landmark (Liu et al., ICMEW 2019)",
)  # fmt: skip

arcface_5 = LandmarkScheme(
    name="arcface_5",
    landmark_names=("right_eye", "left_eye", "nose_tip", "right_mouth_corner", "left_mouth_corner"),
    groups={"jaw": (), "brows": (), "nose": (2,), "eyes": (0, 1), "mouth": (3, 4)},
    swap_pairs=((0, 1), (3, 4)),
    # Of the eyes it has the middles only, which so stand for the corners, too.
    outer_eye_corners=(0, 1),
    eye_rings=((0,), (1,)),
    nose_tip=2,
    mouth_corners=(3, 4),
    order="right eye, left eye, tip of the nose, right and left corner of the mouth",
)
"""The five points that face recognition is aligned by (Deng et al., CVPR 2019), in MTCNN's order."""

SCHEMES: dict[str, LandmarkScheme] = {
    scheme.name: scheme for scheme in (ibug_68, wflw_98, cofw_29, jd_106, arcface_5)
}
"""Every scheme a manifest may name; device/contract/scheme_file.py adds those of a user."""

SHIPPED_SCHEMES = tuple(SCHEMES.values())
"""The schemes of this file, whatever a model brings along."""

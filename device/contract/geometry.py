"""Boxes, and the affine maps between a frame and a crop.

The pixel convention, stated once for the whole project: (0, 0) is the centre of the top-left
pixel, x runs right, y runs down, so an image of width W covers x from -0.5 to W - 0.5. Angles are
radians, positive from x towards y (clockwise as seen). Points are (N, 2), x then y.
"""

import cmath
import math
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from device.contract.boxes import iou_matrix

Image = NDArray[np.uint8]
"""(H, W, 3) uint8, channels blue, green, red."""

Points = NDArray[np.floating]
"""(N, 2) floating point, x then y."""


def as_complex(points: Points) -> NDArray[np.complex128]:
    """(N, 2) points as (N,) numbers x + iy."""
    return np.ascontiguousarray(points, np.float64).view(np.complex128)[:, 0]


def as_points(numbers: NDArray[np.complex128]) -> NDArray[np.float64]:
    """(N,) numbers x + iy, in C order, as (N, 2) points: the same memory."""
    return numbers.view(np.float64).reshape(-1, 2)


class Box(NamedTuple):
    """An upright rectangle: x_min, y_min, x_max, y_max in float pixels of the frame."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float

    @classmethod
    def around(cls, points: Points) -> "Box":
        """The tight box of (N, 2) points."""
        # Of a few dozen points one sort is done sooner than a minimum and a maximum.
        ordered = np.array(points)
        ordered.sort(axis=0)
        (x_min, y_min), (x_max, y_max) = ordered[0].tolist(), ordered[-1].tolist()
        return cls(x_min, y_min, x_max, y_max)

    @classmethod
    def centred(cls, centre_xy: tuple[float, float], size_wh: tuple[float, float]) -> "Box":
        """The box of a given size about a point."""
        (x, y), (width, height) = centre_xy, size_wh
        return cls(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    @property
    def width(self) -> float:
        """Pixels."""
        return self.x_max - self.x_min

    @property
    def height(self) -> float:
        """Pixels."""
        return self.y_max - self.y_min

    @property
    def area(self) -> float:
        """Square pixels; zero for an empty box."""
        return max(self.width, 0.0) * max(self.height, 0.0)

    @property
    def longest_side(self) -> float:
        """Pixels."""
        return max(self.x_max - self.x_min, self.y_max - self.y_min)

    @property
    def centre_xy(self) -> tuple[float, float]:
        """The centre, in pixels."""
        return (self.x_min + self.x_max) / 2, (self.y_min + self.y_max) / 2

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        """(x_min, y_min, x_max, y_max)."""
        return self.x_min, self.y_min, self.x_max, self.y_max

    def scaled(self, factor: float) -> "Box":
        """Grown or shrunk about its centre."""
        return Box.centred(self.centre_xy, (self.width * factor, self.height * factor))

    def iou(self, other: "Box") -> float:
        """Intersection over union, 0 to 1."""
        return float(iou_matrix(np.array([self.xyxy], np.float64), np.array([other.xyxy], np.float64))[0, 0])


def jitter_box(box: Box, rng: "np.random.Generator", fraction: float = 0.1) -> Box:
    """Move each side independently by a uniform amount up to `fraction` of width or height.

    Stands in for the face finder's error: every figure for "shaken boxes" uses it.
    """
    moved = rng.uniform(-fraction, fraction, 4)
    return Box(
        box.x_min + moved[0] * box.width,
        box.y_min + moved[1] * box.height,
        box.x_max + moved[2] * box.width,
        box.y_max + moved[3] * box.height,
    )


def apply_affine(matrix: NDArray[np.float64], points: Points) -> NDArray[np.float64]:
    """(2, 3) map applied to (N, 2) points."""
    return np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]


class CropTransform(Struct, frozen=True, eq=False):
    """The similarity from frame pixels z = x + iy to crop pixels: factor z + offset."""

    factor: complex
    """Scale (crop pixels per frame pixel) and turn."""
    offset: complex
    """Crop pixels of the frame's (0, 0)."""
    size_wh: tuple[int, int]
    """Pixels of the crop."""

    @classmethod
    def from_roi(
        cls,
        centre_xy: tuple[float, float],
        side: float,
        size_wh: tuple[int, int],
        angle_radians: float = 0.0,
    ) -> "CropTransform":
        """A square region of the frame, turned by `angle_radians`, filling the crop's width.

        A crop of S pixels covers u from -0.5 to S - 0.5, hence the (S - 1) / 2 for its centre.
        """
        width, height = size_wh
        factor = cmath.rect(width / side, -angle_radians)
        return cls(factor, complex((width - 1) / 2, (height - 1) / 2) - factor * complex(*centre_xy), size_wh)

    @classmethod
    def for_box(
        cls, box: Box, margin: float, size_wh: tuple[int, int], angle_radians: float = 0.0
    ) -> "CropTransform":
        """The crop rule: a square on the box's centre, `margin` times its longest side."""
        # A box without extent (a hostile or empty input) still gives a map that can be inverted.
        side = max(box.longest_side * margin, 1.0)
        return cls.from_roi(box.centre_xy, side, size_wh, angle_radians)

    @property
    def scale(self) -> float:
        """Crop pixels per frame pixel."""
        return abs(self.factor)

    @property
    def matrix(self) -> NDArray[np.float64]:
        """(2, 3) float64, frame to crop."""
        cosine, sine, offset = self.factor.real, self.factor.imag, self.offset
        return np.array([[cosine, -sine, offset.real], [sine, cosine, offset.imag]])

    def frame_to_crop(self, landmarks_frame: Points) -> NDArray[np.float64]:
        """(N, 2) pixels of the frame to (N, 2) pixels of the crop."""
        return as_points(as_complex(landmarks_frame) * self.factor + self.offset)

    def crop_to_frame(self, landmarks_crop: Points) -> NDArray[np.float64]:
        """(N, 2) pixels of the crop to (N, 2) pixels of the frame."""
        return as_points((as_complex(landmarks_crop) - self.offset) / self.factor)


def crop_around_face(
    landmarks_frame: Points,
    eye_centres: Points,
    margin: float,
    size_wh: tuple[int, int],
    turn_radians: float = 0.0,
) -> CropTransform:
    """The upright crop of a face whose landmarks are known: the next frame's crop.

    The eye line gives the roll; the crop rule is then applied to the tight box in the face's own
    upright axes, so that a tilted head is seen as the network saw it in training.

    Args:
        landmarks_frame: (K, 2) pixels of the frame.
        eye_centres: (2, 2) the right and the left eye, pixels of the frame.
        margin: side of the crop over the longest side of the box.
        size_wh: pixels of the crop.
        turn_radians: added to the roll that the eyes give.
    """
    (right_x, right_y), (left_x, left_y) = eye_centres.tolist()
    roll = math.atan2(left_y - right_y, left_x - right_x)
    turn = cmath.rect(1, roll)
    upright = Box.around(as_points(as_complex(landmarks_frame) * turn.conjugate()))
    centre = complex(*upright.centre_xy) * turn
    return CropTransform.from_roi(
        (centre.real, centre.imag), max(upright.longest_side * margin, 1.0), size_wh, roll + turn_radians
    )

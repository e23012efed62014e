"""A linear correction of the landmarks by the shape of the whole face, applied after the codec.

Each map depends on its own surroundings only, not on how the points of one face belong together. With the
points as complex numbers z = x + iy, their mean c, and a mean face m with its outer eye corners 1 apart,

    a  = sum conj(m) (z - c) / sum |m|^2        the similarity that maps the mean face onto this one
    f  = (z - c) / a                            this face's shape, upright and of the mean face's size
    z' = z + a (A f + b)

which is one step of a cascade of shape regressions (Dollar et al., CVPR 2010; Cao et al., CVPR 2012)
whose features are the shape alone. training/export/shape.py fits A and b on training faces.
Letters: K landmarks.
"""

import base64
import binascii
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

MIN_SCALE = 1e-3
"""Pixels of eye distance below which all points coincide, and have no shape."""

Correction = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""(K, 2) decoded landmarks to (K, 2) corrected ones, in the same pixels."""


class ShapeCorrection:
    """The correction's m, b and A, as one array and as the text in a manifest."""

    def __init__(self, numbers: NDArray[np.floating]) -> None:
        """From (2 K, 2 K + 2): columns m, b, A; rows and A's columns are x0, y0, x1, y1, ...

        Raises:
            ValueError: another shape, a number that is not finite, or a mean face all at one point.
        """
        count = len(numbers)
        if count % 2 or numbers.shape != (count, count + 2) or not np.isfinite(numbers).all():
            raise ValueError(f"a shape correction of {numbers.shape}, wanted finite (2 K, 2 K + 2)")
        self.numbers = np.ascontiguousarray(numbers, np.float32)
        mean = _complex(np.ascontiguousarray(self.numbers[:, 0]))
        extent = np.sum(np.abs(mean) ** 2)
        if extent == 0:
            raise ValueError("a shape correction whose mean face has no extent")
        # Rows that give c and a of any points: their mean, and their product with the centred mean face.
        fitting = mean.conj() / extent
        self._fitting = np.stack([np.full(count // 2, 2 / count), fitting - fitting.mean()])
        self._fitting = self._fitting.astype(np.complex64)
        # (A | b), for a shape with a 1 at its end.
        self._matrix = np.column_stack([self.numbers[:, 2:], self.numbers[:, 1]])
        self._shape = np.ones(count + 1, np.float32)
        self._points = _complex(self._shape[:-1])

    @classmethod
    def from_text(cls, text: str, count: int) -> "ShapeCorrection":
        """From base64 of little-endian float16, for `count` landmarks.

        Raises:
            ValueError: not base64, or not that many numbers.
        """
        try:
            content = base64.b64decode(text, validate=True)
        except (binascii.Error, TypeError) as error:
            raise ValueError(f"a shape correction that is not base64 ({error})") from error
        rows = 2 * count
        if len(content) != 2 * rows * (rows + 2):
            wanted = f"{2 * rows * (rows + 2)} for {count} landmarks"
            raise ValueError(f"a shape correction of {len(content)} bytes, wanted {wanted}")
        return cls(np.frombuffer(content, "<f2").reshape(rows, rows + 2).astype(np.float32))

    def to_text(self) -> str:
        """Base64 of little-endian float16: three digits, a hundredth of a pixel."""
        return base64.b64encode(self.numbers.astype("<f2").tobytes()).decode()

    def correct(self, landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        """(K, 2) decoded landmarks to (K, 2) corrected ones, in the same pixels."""
        points = _complex(np.ascontiguousarray(landmarks, np.float32))
        centre, similarity = (self._fitting @ points).tolist()
        if abs(similarity) < MIN_SCALE:
            return landmarks
        np.divide(points - np.complex64(centre), np.complex64(similarity), out=self._points)
        moved = _complex(self._matrix @ self._shape)
        return (points + moved * np.complex64(similarity)).view(np.float32).reshape(-1, 2)


def correction_of(text: str, count: int) -> Correction:
    """The correction of `count` landmarks that a manifest's text describes; an empty text corrects nothing.

    Raises:
        ValueError: a text of something else.
    """
    return ShapeCorrection.from_text(text, count).correct if text else lambda landmarks: landmarks


def _complex(reals: NDArray[np.float32]) -> NDArray[np.complex64]:
    """x0, y0, x1, y1, ... as x0 + i y0, ...: the same memory."""
    return reals.reshape(-1).view(np.complex64)

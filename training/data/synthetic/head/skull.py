"""The skull: a stack of rounded rings, without the relief of nose, eyes and lips.

A position on the head is (theta, t). theta: radians about the upright axis, 0 in front, positive towards the
picture's right. t: centimetres below the eyes, measured along the front; rings are raised at the sides, so
that the jaw line is one ring. Beyond the chin, t continues for `UNDERSIDE` centimetres to a pole below.

Every ring is a superellipse |x / w|^n + |z / d|^n = 1 with w, d, n smooth in t. Axes of the head:
x to the picture's right, y down, z towards the camera.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.data.synthetic.curves import Spline
from training.data.synthetic.traits import Expression, Identity

UNDERSIDE = 3.0
"""Centimetres of t from the chin to the pole under the jaw."""
TEMPLES = -2.0
"""t of the widest ring; the vault closes above it."""
KNOTS = np.array([-0.15, 0.0, 0.2, 0.4, 0.6, 0.8, 0.92, 1.0])
"""Positions of the given rings from the temples (0) to the chin (1). The first two rings are equal, so that
the temples are upright."""


@dataclass(frozen=True)
class Rings:
    """Parameters of rings at given t, each of t's shape."""

    width: NDArray[np.float64]
    front: NDArray[np.float64]
    back: NDArray[np.float64]
    boxiness: NDArray[np.float64]
    lift: NDArray[np.float64]
    height: NDArray[np.float64]


class Skull:
    """Rings of one person; an open mouth stretches the lower ones with the chin."""

    def __init__(self, identity: Identity, expression: Expression) -> None:
        self.identity = identity
        self.chin = identity.chin + expression.chin_drop
        jaw = np.array([0.0, 0.0, 0.03, 0.14, 0.42, 0.74, 0.91, 1.0])
        side = identity.half_width
        front = identity.front_depth + identity.chin_push * np.array([0, 0, 0, 0, 0, 0.3, 0.6, 0.35])
        values = np.stack(
            [
                side + (identity.jaw_half_width - side) * jaw,
                front * np.array([1.0, 1.0, 0.985, 0.98, 0.96, 0.92, 0.88, 0.81]),
                identity.back_depth * np.array([1.0, 1.0, 0.98, 0.93, 0.86, 0.76, 0.66, 0.56]),
                2.35 + (identity.chin_boxiness - 2.35) * np.array([0, 0, 0, 0.1, 0.35, 0.7, 0.9, 1.0]),
                identity.jaw_lift * np.array([0, 0, 0, 0.1, 0.33, 0.64, 0.86, 1.0]),
            ],
        )
        self._spline = Spline.through(TEMPLES + (self.chin - TEMPLES) * KNOTS, values)

    def rings(self, t: NDArray[np.floating]) -> Rings:
        """The rings at `t`, any shape."""
        width, front, back, boxiness, lift = self._spline(t)
        vault = np.clip((TEMPLES - t) / (self.identity.crown + TEMPLES), 0.0, 1.0)
        under = np.clip((t - self.chin) / UNDERSIDE, 0.0, 1.0)
        # Rings never shrink to a point, so that normals are defined at the poles too.
        closing = np.maximum((1 - vault**2.3) ** (1 / 2.3), 0.01) * np.maximum(
            np.cos(under * np.pi / 2), 0.01
        )
        height = np.where(t > self.chin, self.chin - 2.2 * under + 0.12 * np.sin(np.pi * under), t)
        return Rings(width * closing, front * closing, back * closing, boxiness, lift * (1 - under), height)

    def surface(
        self, theta: NDArray[np.floating], t: NDArray[np.floating], swell: NDArray[np.floating] | float = 0.0
    ) -> NDArray[np.float64]:
        """(..., 3) points in head axes, centimetres, moved outward by `swell` centimetres."""
        rings = self.rings(t)
        sine, cosine = np.sin(theta), np.cos(theta)
        depth = np.where(cosine > 0, rings.front, rings.back)
        radius = (
            np.abs(sine / rings.width) ** rings.boxiness + np.abs(cosine / depth) ** rings.boxiness
        ) ** (-1 / rings.boxiness)
        lift = rings.lift * np.where(cosine > 0, sine * sine, 1.0)
        # At the vault, swelling goes up as well as outward.
        upward = swell * np.clip(-t / self.identity.crown, 0, 1) ** 2
        out = radius + swell
        return np.stack(np.broadcast_arrays(out * sine, rings.height - lift - upward, out * cosine), axis=-1)

    def wrap(self, plan: NDArray[np.floating]) -> NDArray[np.float64]:
        """(N, 2) plan coordinates x and t to (N, 2) theta and t, where x = radius * sin(theta)."""
        x, t = plan[:, 0], plan[:, 1]
        rings = self.rings(t)
        inside = np.clip(1 - np.abs(x / rings.width) ** rings.boxiness, 1e-6, 1)
        return np.stack([np.arctan2(x, rings.front * inside ** (1 / rings.boxiness)), t], axis=1)

"""The lines that are painted on a person's canvas: lids, brows, lips and folds.

Lids, brows and lips run exactly through their landmarks.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from training.data.synthetic.curves import smooth_line
from training.data.synthetic.head.head import Head
from training.data.synthetic.paint.canvas import Canvas

Line = NDArray[np.float64]
"""(N, 2) points, in plan coordinates or in pixels of the canvas."""


@dataclass(frozen=True, eq=False)
class Outlines:
    """Lines in pixels of the canvas; right and left are the subject's, upper comes before lower."""

    right_upper_lid: Line
    right_lower_lid: Line
    left_upper_lid: Line
    left_lower_lid: Line
    right_brow: Line
    left_brow: Line
    outer_upper_lip: Line
    outer_lower_lip: Line
    inner_upper_lip: Line
    inner_lower_lip: Line
    right_crease: Line
    """The fold above the upper lid."""
    left_crease: Line
    right_bag: Line
    """The fold below the lower lid."""
    left_bag: Line
    right_fold: Line
    """From the wing of the nose past the corner of the mouth."""
    left_fold: Line
    right_wing: Line
    """The crease behind the wing of the nose."""
    left_wing: Line
    right_nostril: Line
    left_nostril: Line
    irises: Line
    """(2, 2) centres, right and left."""


_THROUGH: tuple[tuple[int, ...], ...] = (
    (36, 37, 38, 39), (39, 40, 41, 36), (42, 43, 44, 45), (45, 46, 47, 42),
    (17, 18, 19, 20, 21), (22, 23, 24, 25, 26),
    tuple(range(48, 55)), (54, 55, 56, 57, 58, 59, 48), (60, 61, 62, 63, 64), (64, 65, 66, 67, 60),
)  # fmt: skip
"""Landmarks that each of the first ten lines runs through."""
_FOLD = ((-0.25, -0.5), (-0.9, 0.3), (-0.75, -0.6), (-0.75, 0.5))
"""Offsets of the fold's points, two from the nose's wing and two from the mouth's corner, centimetres."""
_WING = ((0.1, -1.15), (-0.4, -0.8), (-0.42, -0.3), (-0.1, 0.05))
"""Offsets of the crease's points from landmark 31, centimetres."""


def _right_folds(plan: Line, upper_lid: Line, lower_lid: Line) -> list[Line]:
    """Crease, bag, fold, wing and nostril of the right half, from its landmarks."""
    wing, corner = plan[31], plan[48]
    fold = np.stack([wing, wing, corner, corner]) + np.array(_FOLD)
    angle = np.linspace(0, 2 * np.pi, 11)[:-1]
    nostril = np.stack(
        [0.38 * np.cos(angle) - 0.12, 0.17 * np.sin(angle) - 0.1 * np.cos(angle) - 0.2], axis=1
    )
    return [
        upper_lid[2:-1] - np.array([0, 0.33]),
        lower_lid[2:-2] + np.array([0, 0.55]),
        smooth_line(fold),
        smooth_line(wing + np.array(_WING)),
        plan[32] + nostril,
    ]


def _irises(plan: Line, gaze: tuple[float, float]) -> Line:
    """(2, 2) centres of the irises; a little above the centre of the lids when looking ahead."""
    width = plan[39, 0] - plan[36, 0]
    centres = np.stack([plan[[36, 39]].mean(axis=0), plan[[42, 45]].mean(axis=0)])
    return centres + np.array([0.22 * width * gaze[0], 0.22 * gaze[1] - 0.12])


def plan_lines(head: Head) -> list[Line]:
    """Every line in plan coordinates, in the order of `Outlines`."""
    plan = head.plan
    through = [smooth_line(plan[list(indices)]) for indices in _THROUGH]
    right = _right_folds(plan, through[0], through[1])
    flipped = plan * [-1, 1]
    mirrored = np.empty_like(plan)
    mirrored[[31, 32, 48]] = flipped[[35, 34, 54]]
    left = _right_folds(mirrored, through[2][::-1] * [-1, 1], through[3][::-1] * [-1, 1])
    pairs = [line for pair in zip(right, (line * [-1, 1] for line in left), strict=True) for line in pair]
    return [*through, *pairs, _irises(plan, head.expression.gaze)]


def trace_outlines(head: Head, canvas: Canvas) -> Outlines:
    """All lines in pixels of the canvas, mapped at once, which is much faster than one by one."""
    lines = plan_lines(head)
    pixels = canvas.pixels(head.skull.wrap(np.concatenate(lines)))
    pieces = np.split(pixels, np.cumsum([len(line) for line in lines])[:-1])
    return Outlines(**{field.name: piece for field, piece in zip(fields(Outlines), pieces, strict=True)})

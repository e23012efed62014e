"""What maps should show: a Gaussian about each point, and a line along each contour.

Points keep their fraction of a pixel: nothing is rounded to cells. The anisotropic attention that these
targets train: Huang et al., ICCV 2021 (ADNet). Letters: B crops, K landmarks, E contours, H, W cells.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

from device.contract.errors import BadInputError
from training.losses.heatmap import cell_centres

SAMPLES_PER_GAP = 5
"""Places on a contour between two neighbouring landmarks."""


@dataclass(frozen=True)
class Contour:
    """Landmarks in a row, which a boundary passes through."""

    points: tuple[int, ...]
    """Indices in drawing order."""
    closed: bool
    """Whether the last is joined to the first."""


def _contours_51(first: int) -> tuple[Contour, ...]:
    """The contours of the points without the jaw, which begin at index `first`."""

    def row(start: int, stop: int, *, closed: bool) -> Contour:
        return Contour(tuple(range(first + start, first + stop)), closed)

    return (
        row(0, 5, closed=False),
        row(5, 10, closed=False),
        row(10, 14, closed=False),
        row(14, 19, closed=False),
        row(19, 25, closed=True),
        row(25, 31, closed=True),
        row(31, 43, closed=True),
        row(43, 51, closed=True),
    )


def _open(*points: int) -> Contour:
    return Contour(points, closed=False)


def _ring(*points: int) -> Contour:
    return Contour(points, closed=True)


CONTOURS: dict[str, tuple[Contour, ...]] = {
    "ibug_68": (Contour(tuple(range(17)), closed=False), *_contours_51(17)),
    "wflw_98": (
        _open(*range(33)),
        _ring(*range(33, 42)),
        _ring(*range(42, 51)),
        _open(*range(51, 55)),
        _open(*range(55, 60)),
        _ring(*range(60, 68)),
        _ring(*range(68, 76)),
        _ring(*range(76, 88)),
        _ring(*range(88, 96)),
    ),
    # Outer, upper, inner and lower point of each brow and eye; between the nostrils the nose's base.
    "cofw_29": (
        _ring(0, 4, 2, 5),
        _ring(1, 6, 3, 7),
        _ring(8, 12, 10, 13),
        _ring(9, 14, 11, 15),
        _open(18, 21, 19),
        _ring(22, 24, 23, 27),
        _ring(22, 25, 23, 26),
    ),
}
"""By landmark scheme: jaw, brows, nose bridge and base, eyes, outer and inner lip. Pupils lie on none, nor do
the chin and the nose's tip of cofw_29."""


def contours_of(scheme: str) -> tuple[Contour, ...]:
    """The contours of a scheme.

    Raises:
        BadInputError: none are known.
    """
    if scheme not in CONTOURS:
        raise BadInputError(f"scheme {scheme!r} has no contours, known: {', '.join(CONTOURS)}")
    return CONTOURS[scheme]


def membership(contours: Sequence[Contour], count: int) -> Tensor:
    """(K, E) 1 where a landmark lies on a contour."""
    table = torch.zeros(count, len(contours))
    for number, contour in enumerate(contours):
        table[list(contour.points), number] = 1.0
    return table


def spline_matrix(contour: Contour) -> Tensor:
    """(S, P) weights of the contour's P points in each of S places on the cubic spline through them.

    With evenly spaced knots the spline is linear in the points, so one product draws a whole batch.
    """
    count = len(contour.points)
    knots = count + 1 if contour.closed else count
    rows = torch.eye(count, dtype=torch.float64)
    if contour.closed:
        rows = torch.cat([rows, rows[:1]])
    spline = CubicSpline(range(knots), rows.numpy(), bc_type="periodic" if contour.closed else "natural")
    places = torch.linspace(0, knots - 1, (knots - 1) * SAMPLES_PER_GAP + 1, dtype=torch.float64)
    return torch.from_numpy(spline(places.numpy())).float()


def point_maps(landmarks: Tensor, cells: int, stride: float, sigma_px: float) -> Tensor:
    """(B, K, cells, cells) of exp(-|p - y|^2 / 2 sigma^2) at the cells' centres; the largest possible is 1.

    Args:
        landmarks: (B, K, 2) crop pixels.
        cells: of a side.
        stride: crop pixels per cell.
        sigma_px: crop pixels.
    """
    centres = cell_centres(cells, stride, landmarks)
    profile = torch.exp(-0.5 * ((centres - landmarks[..., None]) / sigma_px) ** 2)
    return profile[:, :, 1, :, None] * profile[:, :, 0, None, :]


def contour_maps(
    landmarks: Tensor, contours: Sequence[Contour], cells: int, stride: float, sigma_px: float
) -> Tensor:
    """(B, E, cells, cells) of exp(-d^2 / 2 sigma^2), d the distance to the contour's spline.

    Args:
        landmarks: (B, K, 2) crop pixels.
        contours: E of them.
        cells: of a side.
        stride: crop pixels per cell.
        sigma_px: crop pixels.
    """
    centres = cell_centres(cells, stride, landmarks)
    drawn = []
    for contour in contours:
        places = spline_matrix(contour).to(landmarks) @ landmarks[:, list(contour.points)]
        squared = (centres - places[..., None]).square()
        distance = (squared[:, :, 1, :, None] + squared[:, :, 0, None, :]).amin(1)
        drawn.append(torch.exp(distance / (-2 * sigma_px**2)))
    return torch.stack(drawn, dim=1)

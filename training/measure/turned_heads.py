"""Figures by how far heads are turned, the jaw apart, of data sets that give the yaw.

In profile the eyes meet and their distance measures nothing, so errors are divided by the square root of
the area of the landmarks' box.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from device.contract.landmarks import LandmarkScheme
from device.contract.metrics import box_size, point_errors
from training.data.sets.sample import Sample
from training.measure.yaw import yaw_degrees

BAND_EDGES = (0, 30, 60, 90)
"""Degrees of yaw to either side."""


@dataclass(frozen=True)
class TurnBand:
    """Figures over the heads turned by a range of angles; errors are fractions, over the faces found."""

    count: int
    missed: int
    inner: float | None
    """Of all points but the jaw's; None where no face was found."""
    jaw: float | None


def turn_bands(
    predicted: Sequence[NDArray[np.float64] | None],
    samples: Sequence[Sample],
    scheme: LandmarkScheme,
    edges: Sequence[int] = BAND_EDGES,
) -> dict[str, TurnBand]:
    """Figures by band, as 0-30; bands without a face are left out.

    Args:
        predicted: landmarks of each sample, None for a missed face.
        samples: with the true landmarks.
        scheme: of both.
        edges: of the bands, degrees.
    """
    jaw = np.isin(np.arange(scheme.count), scheme.groups["jaw"])
    yaws = np.abs([yaw_degrees(sample, scheme) for sample in samples])
    errors = np.array(
        [
            (np.nan, np.nan) if found is None else _errors(found, sample, scheme, jaw)
            for found, sample in zip(predicted, samples, strict=True)
        ]
    )
    bands = {}
    for low, high in pairwise(edges):
        chosen = errors[(yaws >= low) & ((yaws < high) | (high == edges[-1]))]
        if len(chosen):
            bands[f"{low}-{high}"] = _band(chosen)
    return bands


def _errors(
    found: NDArray[np.float64], sample: Sample, scheme: LandmarkScheme, jaw: NDArray[np.bool_]
) -> tuple[float, float]:
    """Mean error of the inner points and of the jaw's, over the size of the face."""
    errors = point_errors(found, sample.landmarks) / box_size(sample.landmarks, scheme)
    return float(errors[~jaw].mean()), float(errors[jaw].mean())


def _band(errors: NDArray[np.float64]) -> TurnBand:
    missed = np.isnan(errors).any(axis=1)
    if missed.all():
        return TurnBand(len(errors), int(missed.sum()), None, None)
    inner, jaw = errors[~missed].mean(axis=0).tolist()
    return TurnBand(len(errors), int(missed.sum()), inner, jaw)


def turn_table(bands: dict[str, TurnBand]) -> str:
    """The figures for people, per cent."""
    rows = ["yaw      faces  missed   inner     jaw   (of the root of the box's area)"]
    for name, band in bands.items():
        inner, jaw = (
            f"{100 * error:6.2f} %" if error is not None else "     - %" for error in (band.inner, band.jaw)
        )
        rows.append(f"{name:8} {band.count:5} {100 * band.missed / band.count:5.1f} % {inner} {jaw}")
    return "\n".join(rows)

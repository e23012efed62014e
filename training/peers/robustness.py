"""How a peer's error grows as pictures get harder, its offsets on clear ones removed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from device.contract.geometry import Box, jitter_box
from device.contract.metrics import nme
from training.data.crops import SEED
from training.data.sets.picture import read_face_picture
from training.data.sets.sample import Sample
from training.peers.common_points import common_points, reduced, scheme_of
from training.peers.cross_fit import offsets_of_folds, taken_off
from training.peers.hardship import HARDSHIPS, Hardship, Shown, portrait
from training.peers.kept import Kept
from training.peers.line_up import LineUp
from training.report.scheme_offsets import Offsets

CLEAR = "clear"

Curve = list[float]
"""NME of the clear pictures, then of each level: medians over the faces, fractions of the eye distance."""


@dataclass(frozen=True)
class Robustness:
    """Curves by hardship and peer."""

    points: int
    """How many of ibug_68 were compared."""
    curves: dict[str, dict[str, Curve]]


def _befallen(portraits: Sequence[Shown], hardship: Hardship, level: float) -> list[Shown]:
    """Every face at one level, the same for every peer."""
    return [
        hardship.befall(face, level, np.random.default_rng((SEED, number)))
        for number, face in enumerate(portraits)
    ]


class Curves:
    """Draws every curve of some peers over the same faces."""

    def __init__(self, peers: LineUp, samples: Sequence[Sample], kept: Kept) -> None:
        self._lookers = {peer.name: peer.looker for peer in peers.peers if peer.looker is not None}
        self.points, self._kept = common_points(peers.peers), kept
        self._scheme = scheme_of(self.points)
        pairs = ((read_face_picture(sample), sample.landmarks.astype(float)) for sample in samples)
        self._portraits = [portrait(*pair) for pair in pairs]
        truths = [
            replace(sample, landmarks=truth.astype(np.float32))
            for sample, (_, truth) in zip(samples, self._portraits, strict=True)
        ]
        self._offsets: dict[str, list[Offsets]] = {}
        self._clear: dict[str, float] = {}
        for name in self._lookers:
            found = list(self._looks(name, CLEAR, self._portraits))
            self._offsets[name] = offsets_of_folds(found, reduced(truths, self.points), self._scheme)
            self._clear[name] = self._error(name, CLEAR, self._portraits)

    def _looks(self, name: str, level: str, shown: Sequence[Shown]) -> NDArray[np.float64]:
        """(N, K, 2) from shaken boxes of the truth, and a second pass about what was found there."""

        def measure() -> NDArray[np.float64]:
            rng = np.random.default_rng(SEED)
            boxes = [jitter_box(Box.around(truth), rng) for _, truth in shown]
            pairs = zip(shown, boxes, strict=True)
            follow = self._lookers[name].follow
            return np.stack([follow(image, box)[self.points] for (image, _), box in pairs])

        return self._kept.array(f"{name}/{level}", measure)

    def _error(self, name: str, level: str, shown: Sequence[Shown]) -> float:
        """Median NME without the offsets that were fitted to the clear pictures."""
        fitted = taken_off(self._offsets[name], list(self._looks(name, level, shown)))
        truths = [truth[self.points] for _, truth in shown]
        pairs = zip(fitted, truths, strict=True)
        return float(
            np.median([nme(found, truth, self._scheme) for found, truth in pairs if found is not None])
        )

    def draw(self, hardship: Hardship) -> dict[str, Curve]:
        """One curve a peer."""
        curves = {name: [error] for name, error in self._clear.items()}
        for level in tqdm(hardship.levels, desc=hardship.name, unit="level"):
            shown = _befallen(self._portraits, hardship, level)
            for name, curve in curves.items():
                curve.append(self._error(name, f"{hardship.name}/{level}", shown))
        return curves


def measure_robustness(peers: LineUp, samples: Sequence[Sample], kept: Kept) -> Robustness:
    """Every curve.

    Raises:
        BadInputError: a picture is damaged, or the faces are too few.
        WriteFailedError: what is kept cannot be written.
    """
    curves = Curves(peers, samples, kept)
    return Robustness(len(curves.points), {hardship.name: curves.draw(hardship) for hardship in HARDSHIPS})

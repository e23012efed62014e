"""What a tracker made of a sequence, against what was to be seen.

A tracked face is carried back to its person's own picture by the known motion. There the person stands
still, so the box compares without roll or zoom, and every landmark should stay where it is.
"""

from collections.abc import Sequence as Rows
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from device.checks.tracking.scene import Person, Place
from device.contract.geometry import Box
from device.contract.landmarks import LandmarkScheme
from device.contract.metrics import interocular_distance
from device.tracking.track import TrackedFace

DUE_SHARE = 0.75
"""Visible share from which a face must be seen."""

HIDDEN_SHARE = 0.25
"""Visible share below which a face must not be seen; between the two nothing is asked."""

HIT_IOU = 0.5
"""Overlap with the true box from which a tracked face is that person's ..."""

PART_IOU = 0.25
"""... and while the person is partly hidden: landmarks then keep to what is left of the face."""


@dataclass(frozen=True, eq=False)
class Truth:
    """One person in one frame."""

    person: Person
    place: Place
    share: float
    """Visible share of the face, 0 to 1."""

    def on_photo(self, face: TrackedFace) -> NDArray[np.float64]:
        """(K, 2) a tracked face's landmarks in pixels of the person's picture."""
        return self.person.photo_to_frame(self.place).crop_to_frame(face.landmarks_frame)


@dataclass(frozen=True, eq=False)
class Hit:
    """A person seen in a frame."""

    id: int
    on_photo: NDArray[np.float64]
    """(K, 2) landmarks in pixels of the person's picture."""


@dataclass(frozen=True)
class Figures:
    """One tracker on one sequence."""

    due: int
    """Faces to be seen, summed over the frames."""
    seen: int
    """Of those, seen."""
    duplicates: int
    """Faces seen once more in the same frame."""
    false_faces: int
    """Tracked faces where there is none, or a hidden one."""
    ids: int
    """Ids given."""
    swaps: int
    """Times a person took over an id that had been another's."""
    fragments: int
    """Ids of a person beyond those that the sequence allows."""
    lost_reported: int
    """Ids given up."""
    drift: float
    """Mean distance of a landmark from its own mean place on the person's picture, in eye distances."""
    cost_ms: float
    """Mean time of a frame, finder and landmarks."""
    searches: int
    """Frames in which the finder ran."""


class Scorer:
    """Gathers what a tracker says, frame by frame."""

    def __init__(self, people: int, scheme: LandmarkScheme) -> None:
        """Nothing seen yet."""
        self._scheme = scheme
        self._hits: list[list[Hit]] = [[] for _ in range(people)]
        self._due = self._seen = self._duplicates = self._false = self._lost = self._searches = 0
        self._ids: set[int] = set()
        self._cost_ms: list[float] = []

    def add(
        self,
        truths: Rows[Truth],
        faces: Rows[TrackedFace],
        lost_ids: Rows[int],
        timing_ms: dict[str, float],
    ) -> None:
        """One frame's faces against the truth."""
        owners = [_owner_of(face, truths) for face in faces]
        for number, truth in enumerate(truths):
            mine = [face for face, owner in zip(faces, owners, strict=True) if owner == number]
            due = truth.share >= DUE_SHARE
            self._due += due
            self._seen += due and bool(mine)
            self._duplicates += max(len(mine) - 1, 0)
            if due and mine:
                self._hits[number].append(Hit(mine[0].id, truth.on_photo(mine[0])))
        self._false += sum(owner is None for owner in owners)
        self._ids |= {face.id for face in faces}
        self._lost += len(lost_ids)
        self._searches += timing_ms["find"] > 0
        self._cost_ms.append(timing_ms["total"])

    def figures(self, ids_allowed: int) -> Figures:
        """All figures of the frames so far."""
        series = [[hit.id for hit in hits] for hits in self._hits]
        return Figures(
            due=self._due,
            seen=self._seen,
            duplicates=self._duplicates,
            false_faces=self._false,
            ids=len(self._ids),
            swaps=count_swaps(series),
            fragments=sum(max(len(set(ids)) - ids_allowed, 0) for ids in series),
            lost_reported=self._lost,
            drift=self._drift(),
            cost_ms=float(np.mean(self._cost_ms)),
            searches=self._searches,
        )

    def _drift(self) -> float:
        """Each point's constant offset from wherever it ought to be falls out with its mean."""
        errors = []
        for hits in self._hits:
            if hits:
                points = np.array([hit.on_photo for hit in hits])
                still = points.mean(axis=0)
                eye_distance = interocular_distance(still, self._scheme)
                errors.append(np.linalg.norm(points - still, axis=2).mean(axis=1) / eye_distance)
        return float(np.concatenate(errors).mean()) if errors else float("nan")


def _owner_of(face: TrackedFace, truths: Rows[Truth]) -> int | None:
    """Whose face it is; None when it is no one's that could be seen."""
    overlaps = [Box.around(truth.on_photo(face)).iou(truth.person.face_box) for truth in truths]
    excess = [iou - _least_iou(truth.share) for iou, truth in zip(overlaps, truths, strict=True)]
    best = int(np.argmax(excess))
    return best if excess[best] >= 0 else None


def _least_iou(share: float) -> float:
    """Overlap from which a face is that of a person who is visible by a share."""
    if share >= DUE_SHARE:
        return HIT_IOU
    return PART_IOU if share >= HIDDEN_SHARE else np.inf


def count_swaps(series: Rows[Rows[int]]) -> int:
    """Times a person's id changed to one that is also another's.

    Args:
        series: each person's ids in order of time.
    """
    swaps = 0
    for number, ids in enumerate(series):
        foreign = {other for row, each in enumerate(series) if row != number for other in each}
        swaps += sum(before != after and after in foreign for before, after in pairwise(ids))
    return swaps

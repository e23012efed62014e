"""Play a sequence to trackers, and gather what they say of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from device.checks.tracking.figures import Figures, Scorer, Truth
from device.checks.tracking.scene import GROUNDS, Person, draw_scene
from device.checks.tracking.sequences import FPS, MadeSequence
from device.contract.geometry import Box, Image
from device.contract.landmarks import LandmarkScheme
from device.finders.finder import FoundFace
from device.sources.demo_picture import demo_face
from device.tracking.tracker import Tracker

FINDABLE_SHARE = 0.5
"""Visible share of a face from which the truthful finder knows of it."""


class TruthFinder:
    """Knows the sequence: what the tracker does with it is the tracker's own doing."""

    def __init__(self) -> None:
        """No face yet."""
        self.truths: list[Truth] = []

    def find(self, image: Image) -> list[FoundFace]:
        """The faces of the frame at hand that are visible enough."""
        del image
        return [
            FoundFace(_box_of(truth), 1.0, truth.place.angle_radians)
            for truth in self.truths
            if truth.share >= FINDABLE_SHARE
        ]


def _box_of(truth: Truth) -> Box:
    side = truth.place.face_px
    return Box.centred(truth.place.centre_xy, (side, side))


@dataclass(frozen=True, eq=False)
class Played:
    """One frame of a sequence."""

    image: Image
    captured_ns: int
    truths: list[Truth]


def play(sequence: MadeSequence, ground: str) -> Iterator[Played]:
    """The frames of a sequence, those not skipped, before a ground by name.

    Raises:
        MissingOutsideError: the picture is damaged.
    """
    photo, behind = demo_face(), GROUNDS[ground]()
    people = [Person(photo, twin=number % 2 == 1) for number in range(len(sequence.paths))]
    for frame in range(0, sequence.frames, sequence.every):
        seconds = frame / FPS
        placed = [(person, path(seconds)) for person, path in zip(people, sequence.paths, strict=True)]
        image, shares = draw_scene(behind, placed, sequence.bars(seconds))
        truths = [Truth(person, place, share) for (person, place), share in zip(placed, shares, strict=True)]
        yield Played(image, round(seconds * 1e9), truths)


def measure_sequence(
    sequence: MadeSequence,
    ground: str,
    trackers: Mapping[str, Tracker],
    scheme: LandmarkScheme,
    *,
    truth_finder: TruthFinder | None = None,
    afresh: frozenset[str] = frozenset(),
) -> dict[str, Figures]:
    """Figures of each tracker on the same frames.

    Args:
        sequence: what to play.
        ground: plain or cluttered.
        trackers: by name; each starts anew.
        scheme: of their landmarks.
        truth_finder: told of every frame before the trackers see it.
        afresh: names of those that forget everything before each frame: they search every frame.
    """
    scorers = {name: Scorer(len(sequence.paths), scheme) for name in trackers}
    for tracker in trackers.values():
        tracker.reset()
    for frame in play(sequence, ground):
        if truth_finder is not None:
            truth_finder.truths = frame.truths
        for name, tracker in trackers.items():
            if name in afresh:
                tracker.reset()
            tracked = tracker.track(frame.image, frame.captured_ns)
            scorers[name].add(frame.truths, tracked.faces, tracked.lost_ids, tracked.timing_ms)
    return {name: scorer.figures(sequence.ids) for name, scorer in scorers.items()}

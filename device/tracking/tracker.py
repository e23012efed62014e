"""Faces from frame to frame: searched now and then, followed by their own landmarks in between.

A face is *seen* while the network's presence is high enough. Then it is *unseen* for a while: the tracker
crops where the face should be by now, and a face found near there takes its id up again. Then it is given up.
Faces of every roll are found and followed; `device/tracking/orientation.py` says how.
"""

import math
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from device.contract.geometry import Box, Image
from device.finders.finder import Finder, FoundFace
from device.inference.protocols import Network
from device.tracking.association import Boxes, distances, match_cheapest, return_costs, same_faces
from device.tracking.motion import Shape, held_inside
from device.tracking.observation import Observation, Observer
from device.tracking.orientation import (
    SearchTurns,
    TurnedObservation,
    best_turn,
    face_in_frame,
    is_sure,
    turned_image,
    without_contradictions,
)
from device.tracking.settings import TrackerSettings
from device.tracking.side_by_side import run_side_by_side
from device.tracking.stopwatch import Stopwatch
from device.tracking.track import Track, TrackedFace


@dataclass(frozen=True, eq=False)
class TrackedFrame:
    """The faces of one frame."""

    faces: list[TrackedFace]
    """Faces seen in this frame, oldest first."""
    lost_ids: list[int]
    """Ids of faces given up in this frame: each once, after it was unseen for `keep_seconds`."""
    timing_ms: dict[str, float]
    """find, crop, infer, decode and total, milliseconds; find is 0 when no search ran."""


OVERLAPPING = math.sqrt(2)
"""Distance of two boxes' centres, in units of the larger box's size, beyond which they do not overlap."""

Followed = tuple[Track, Observation]
"""A face and what was observed at its predicted place."""


class Tracker:
    """Finder and landmark network, joined over time."""

    def __init__(self, network: Network, finder: Finder, settings: TrackerSettings | None = None) -> None:
        self._network = network
        self._finder = finder
        self._settings = settings or TrackerSettings()
        self.reset()

    def reset(self) -> None:
        """Forget everything, ids too: the next frame is unrelated."""
        self._tracks: list[Track] = []
        self.next_id = 1
        """Of the next new face."""
        self._searched_seconds = -np.inf
        self._turns = SearchTurns()

    @property
    def scheme(self) -> str:
        """Name of the landmark scheme of the faces."""
        return self._network.manifest.scheme

    def track(self, image: Image, captured_ns: int = 0) -> TrackedFrame:
        """Follow the known faces into this frame, and search it for others where that is due.

        Args:
            image: (H, W, 3) uint8 BGR.
            captured_ns: when it was captured, nanoseconds of any steady clock: frames may be skipped,
                and only time tells how far a face has gone. Of no use for a single picture.
        """
        watch = Stopwatch()
        observer, seconds = Observer(self._network, image, watch), captured_ns / 1e9
        self._follow(observer, seconds)
        lost_ids, observations = list[int](), list[Observation]()
        seen = len(self._seen())
        if seen < len(self._tracks):
            lost_ids = self._give_up(seconds)
            observations = self._recover(observer, seconds)
        if self._search_is_due(seconds, seen + len(observations)):
            self._searched_seconds = seconds
            observations += self._search(image, observer, watch, observations)
        if observations:
            self._take_up(observations, seconds)
        faces = [track.face for track in self._tracks if track.seen]
        return TrackedFrame(faces, lost_ids, watch.milliseconds())

    def _search(
        self, image: Image, observer: Observer, watch: Stopwatch, known: list[Observation]
    ) -> list[Observation]:
        """New faces in this frame, best first.

        Where no face is followed yet, a frame without a face that is surely of the right roll is searched
        turned as well.
        """
        candidates: list[TurnedObservation] = []
        for turns in self._turns.next():
            watch.begin()
            found = self._finder.find(turned_image(image, turns))
            watch.end("find")
            placed = [face_in_frame(face, turns, observer.size_wh) for face in found]
            further = self._confirm_all(observer, placed, known)
            candidates += [(observation, turns) for observation in further]
            if known or self._tracks or (further and all(map(is_sure, further))):
                break
        kept = without_contradictions(candidates)
        if kept:
            self._turns.found_at(kept[0][1])
        return [observation for observation, _ in kept[: self._settings.max_faces]]

    def _seen(self) -> list[Track]:
        return [track for track in self._tracks if track.seen]

    def _unseen(self, seconds: float) -> list[Track]:
        """Faces that may come back, those lost last first."""
        unseen = [track for track in self._tracks if not track.seen]
        return sorted(unseen, key=lambda track: track.unseen_seconds(seconds))

    def _follow(self, observer: Observer, seconds: float) -> None:
        """Observe each seen face at its predicted place; two tracks that now follow one face become one."""
        followed: list[Followed] = []
        seen = self._seen()
        observed = self._observe_at_once(observer, seen, seconds) if len(seen) > 1 else {}
        for track in seen:
            observation = observed.get(track) or self._observe(observer, track.aim(seconds))
            if track.turn_check_is_due(seconds):
                observation = _check_turn(observer, observation)
            track.lose()
            if observation.score >= self._settings.end_score:
                followed.append((track, observation))
        alone = [True] * len(followed)
        if len(followed) > 1 and self._is_crowded([observation for _, observation in followed]):
            followed = self._without_twins(followed, seconds)
            alone = self._stand_alone(followed)
        for (track, observation), clear in zip(followed, alone, strict=True):
            track.see(observation, seconds, clearly=clear and observation.score >= self._settings.begin_score)

    def _observe_at_once(
        self, observer: Observer, tracks: list[Track], seconds: float
    ) -> dict[Track, Observation]:
        """Each face at its predicted place, as many at a time as the processor has cores for."""
        expected = [track.aim(seconds) for track in tracks]
        observers = observer.side_by_side(len(tracks))
        observations = run_side_by_side([partial(self._observe, each) for each in observers], expected)
        return dict(zip(tracks, observations, strict=True))

    def _observe(self, observer: Observer, expected: Shape) -> Observation:
        """The face expected at a place; cropped once more where it is too far from there."""
        observation = observer.run_on_landmarks(expected.landmarks)
        off = abs(observation.shape.centroid - expected.centroid) / observation.size
        missed = observation.score >= self._settings.end_score and off > self._settings.relook_distance
        return observer.run_on_landmarks(observation.landmarks_frame) if missed else observation

    def _is_crowded(self, observations: list[Observation]) -> bool:
        """Whether any two are so near that they may be one face, or draw each other's landmarks.

        In most frames none are, which a few numbers tell sooner than arrays do.
        """
        settings = self._settings
        reach = max(settings.crowded_distance, settings.same_face_distance, OVERLAPPING)
        return any(
            abs(complex(*first.box.centre_xy) - complex(*second.box.centre_xy))
            <= reach * max(first.size, second.size)
            for first, second in combinations(observations, 2)
        )

    def _without_twins(self, followed: list[Followed], seconds: float) -> list[tuple[Track, Observation]]:
        """Of tracks that follow one face, only the one that expected it there.

        When two faces cross, both tracks observe the one in front.
        """
        boxes = _boxes([observation for _, observation in followed])
        if not np.triu(self._same_faces(boxes, boxes), k=1).any():
            return followed
        kept: list[Followed] = []
        for track, observation in sorted(followed, key=lambda pair: _offset_from_expected(pair, seconds)):
            if not self._is_one_of(observation, [other for _, other in kept]):
                kept.append((track, observation))
        return kept

    def _stand_alone(self, followed: list[Followed]) -> list[bool]:
        """Whether each face is too far from any other to have its landmarks pulled by it."""
        boxes = _boxes([observation for _, observation in followed])
        near = distances(boxes, boxes) <= self._settings.crowded_distance
        return [count == 1 for count in near.sum(axis=1).tolist()]  # itself

    def _is_one_of(self, observation: Observation, others: list[Observation]) -> bool:
        """Whether an observation is one of those already there."""
        return bool(others) and bool(self._same_faces(_boxes([observation]), _boxes(others)).any())

    def _same_faces(self, first: Boxes, second: Boxes) -> NDArray[np.bool_]:
        return same_faces(first, second, self._settings.same_face_iou, self._settings.same_face_distance)

    def _give_up(self, seconds: float) -> list[int]:
        """Drop the faces that were unseen for too long; their ids."""
        unseen = self._unseen(seconds)
        late = [track for track in unseen if track.unseen_seconds(seconds) > self._settings.keep_seconds]
        # Short-lived detections all over the picture must not pile up.
        lost = {track.id for track in (*late, *unseen[self._settings.max_faces :])}
        self._tracks = [track for track in self._tracks if track.id not in lost]
        return sorted(lost)

    def _recover(self, observer: Observer, seconds: float) -> list[Observation]:
        """Faces where unseen ones should be by now; no more passes than `max_faces` would take."""
        observations: list[Observation] = []
        seen = [track.face for track in self._seen()]
        for track in self._unseen(seconds)[: self._settings.max_faces - len(seen)]:
            expected = held_inside(track.coast(seconds), observer.size_wh)
            first = observer.run_on_landmarks(expected.landmarks)
            observations += self._confirm(observer, first, [*seen, *observations])
        return observations

    def _search_is_due(self, seconds: float, seen: int) -> bool:
        """Whether to search this frame; `seen` counts the followed faces and those just found again."""
        missing = len(self._tracks) > seen
        pause = self._settings.recover_seconds if missing else self._settings.search_seconds
        # A clock that went back must not hold the search up.
        rested = not 0 <= seconds - self._searched_seconds < pause
        return seen == 0 or (rested and seen < self._settings.max_faces)

    def _confirm_all(
        self, observer: Observer, found: list[FoundFace], observations: list[Observation]
    ) -> list[Observation]:
        """Found faces that the network confirms and that are not followed yet."""
        known = [*(track.face for track in self._seen()), *observations]
        room = self._settings.max_faces - len(known)
        further: list[Observation] = []
        for candidate in self._news(found, known)[:room]:
            first = best_turn(observer.run_on_box(candidate), partial(observer.run_on_box, candidate))
            for refined in self._confirm(observer, first, [*known, *further]):
                checked = _check_turn(observer, refined)
                turned = checked is not refined
                further += self._confirm(observer, checked, [*known, *further]) if turned else [refined]
        return further

    def _news(self, found: list[FoundFace], known: list[Observation]) -> list[FoundFace]:
        """Found faces that are not known yet: only they need the network."""
        if not known:
            return found
        boxes = np.array([face.box.xyxy for face in found], np.float64).reshape(-1, 4)
        new = np.flatnonzero(~self._same_faces(boxes, _boxes(known)).any(axis=1))
        return [found[number] for number in new]

    def _confirm(
        self, observer: Observer, observation: Observation, known: list[Observation]
    ) -> list[Observation]:
        """A first, coarse observation, refined; none where there is no face, or one that is known."""
        for _ in range(self._settings.refinements):
            if observation.score < self._settings.end_score or self._is_one_of(observation, known):
                return []
            observation = observer.run_on_landmarks(observation.landmarks_frame)
        begins = observation.score >= self._settings.begin_score and not self._is_one_of(observation, known)
        return [observation] if begins else []

    def _take_up(self, observations: list[Observation], seconds: float) -> None:
        """Give each observation to the unseen face that it fits best, or to a new track."""
        returned = self._returns(observations, seconds)
        for number, observation in enumerate(observations):
            if number in returned:
                returned[number].come_back(observation, seconds)
            else:
                self._tracks.append(Track(TrackedFace.of(observation, self.next_id), seconds))
                self.next_id += 1

    def _returns(self, observations: list[Observation], seconds: float) -> dict[int, Track]:
        """The unseen face that each observation is, by the observation's number.

        It may be where it should be by now or, had it turned back, where it was last seen; the latter
        counts less, or two faces that passed each other unseen would change ids.
        """
        settings, unseen = self._settings, self._unseen(seconds)
        waited = np.array([track.unseen_seconds(seconds) for track in unseen])
        reaches = settings.return_distance + settings.return_speed * waited
        coasted = _boxes_around([track.coast(seconds).landmarks for track in unseen])
        last_seen = _boxes([track.face for track in unseen])
        costs = [
            return_costs(expected, _boxes(observations), reaches, settings.return_size_ratio)
            for expected in (coasted, last_seen)
        ]
        likeliest = np.minimum(costs[0], costs[1] + settings.turn_cost)
        return {number: unseen[row] for row, number in match_cheapest(likeliest)}


def _check_turn(observer: Observer, observation: Observation) -> Observation:
    """The observation or, where it is in doubt, a better one of another roll."""
    return best_turn(observation, partial(observer.run_on_landmarks, observation.landmarks_frame))


def _offset_from_expected(followed: Followed, seconds: float) -> float:
    """Distance of a face from where it should be, in sizes."""
    track, observation = followed
    return abs(observation.shape.centroid - track.coast(seconds).centroid) / observation.size


def _boxes(observations: list[Observation] | list[TrackedFace]) -> Boxes:
    """(N, 4) tight boxes of observations' landmarks."""
    return np.array([observation.box for observation in observations], np.float64).reshape(-1, 4)


def _boxes_around(faces: list[NDArray[np.float64]]) -> Boxes:
    """(N, 4) tight boxes of N faces' landmarks (K, 2)."""
    return np.array([Box.around(landmarks).xyxy for landmarks in faces], np.float64).reshape(-1, 4)

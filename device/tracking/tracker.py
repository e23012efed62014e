"""Faces from frame to frame: searched now and then, followed by their own landmarks in between.

A face is *seen* while the network's presence says so. Then it is unseen for a while: the tracker looks
where it should be by now, and a face found near there takes its id up again. Then it is given up.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.contract.geometry import Box
from device.contract.image import Image
from device.finders.finder import Finder, FoundFace
from device.inference.protocols import Network
from device.tracking.association import Boxes, distances, match_cheapest, return_costs, same_faces
from device.tracking.motion import Shape, held_inside
from device.tracking.observation import Sight, Viewer
from device.tracking.settings import TrackerSettings
from device.tracking.stopwatch import Stopwatch
from device.tracking.track import Track, TrackedFace


@dataclass(frozen=True, eq=False)
class TrackedFrame:
    """What the tracker has to say of one frame."""

    faces: list[TrackedFace]
    """Faces seen in this frame, oldest first."""
    lost_ids: list[int]
    """Faces given up in this frame: each once, when it has been unseen for `keep_seconds`."""
    timing_ms: dict[str, float]
    """find, crop, infer, decode and total, milliseconds; find is 0 when no search ran."""


Followed = tuple[Track, Sight]
"""A face and what was seen at its predicted place."""


class Tracker:
    """Finder and landmark network, joined over time."""

    def __init__(self, network: Network, finder: Finder, settings: TrackerSettings | None = None) -> None:
        """Nothing is followed yet."""
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

    @property
    def scheme(self) -> str:
        """Name of the landmark scheme of the faces."""
        return self._network.manifest.scheme

    def track(self, image: Image, captured_ns: int = 0) -> TrackedFrame:
        """Follow the faces at hand into this frame, and search it where that is due.

        Args:
            image: (H, W, 3) uint8 BGR.
            captured_ns: when it was captured, nanoseconds of any steady clock: frames may be skipped,
                and only time tells how far a face has gone. Of no use for a single picture.
        """
        watch = Stopwatch()
        viewer, seconds = Viewer(self._network, image, watch), captured_ns / 1e9
        self._follow(viewer, seconds)
        lost_ids = self._give_up(seconds)
        sights = self._look_again(viewer, seconds)
        if self._search_is_due(seconds, len(sights)):
            watch.begin()
            found = self._finder.find(image)
            watch.end("find")
            self._searched_seconds = seconds
            sights += self._confirm_all(viewer, found, sights)
        self._take_up(sights, seconds)
        return TrackedFrame([track.face for track in self._seen()], lost_ids, watch.milliseconds())

    def _seen(self) -> list[Track]:
        return [track for track in self._tracks if track.seen]

    def _unseen(self, seconds: float) -> list[Track]:
        """Faces that may come back, those lost last first."""
        unseen = [track for track in self._tracks if not track.seen]
        return sorted(unseen, key=lambda track: track.unseen_seconds(seconds))

    def _follow(self, viewer: Viewer, seconds: float) -> None:
        """Look at each seen face's predicted place; two that now see one face become one."""
        followed: list[Followed] = []
        for track in self._seen():
            sight = self._look_at(viewer, track.aim(seconds))
            track.lose()
            if sight.score >= self._settings.end_score:
                followed.append((track, sight))
        if len(followed) > 1:
            followed = self._without_twins(followed, seconds)
        for (track, sight), alone in zip(followed, self._stand_alone(followed), strict=True):
            track.see(sight, seconds, clearly=alone and sight.score >= self._settings.begin_score)

    def _look_at(self, viewer: Viewer, expected: Shape) -> Sight:
        """The face whose landmarks should be there: looked at again where it is too far from there."""
        sight = viewer.look_around(expected.landmarks)
        off = abs(sight.shape.middle - expected.middle) / sight.size
        missed = sight.score >= self._settings.end_score and off > self._settings.relook_distance
        return viewer.look_around(sight.landmarks_frame) if missed else sight

    def _without_twins(self, followed: list[Followed], seconds: float) -> list[tuple[Track, Sight]]:
        """Those left when of tracks that see one face only the one that expected it there keeps it.

        In a crossing both see the face in front.
        """
        boxes = _boxes([sight for _, sight in followed])
        if not np.triu(self._same_faces(boxes, boxes), k=1).any():
            return followed
        kept: list[Followed] = []
        for track, sight in sorted(followed, key=lambda pair: _misfit(pair[0], pair[1], seconds)):
            if not self._is_one_of(sight, [other for _, other in kept]):
                kept.append((track, sight))
        return kept

    def _stand_alone(self, followed: list[Followed]) -> list[bool]:
        """Whether each face is too far from any other to have its landmarks pulled by it."""
        if len(followed) < 2:
            return [True] * len(followed)
        boxes = _boxes([sight for _, sight in followed])
        near = distances(boxes, boxes) <= self._settings.crowded_distance
        return [int(count) == 1 for count in near.sum(axis=1)]  # itself

    def _is_one_of(self, sight: Sight, others: list[Sight]) -> bool:
        """Whether a sight is one of those already there."""
        return bool(others) and bool(self._same_faces(_boxes([sight]), _boxes(others)).any())

    def _same_faces(self, first: Boxes, second: Boxes) -> NDArray[np.bool_]:
        return same_faces(first, second, self._settings.same_face_iou, self._settings.same_face_distance)

    def _give_up(self, seconds: float) -> list[int]:
        """Drop the faces that were unseen for too long; their ids."""
        unseen = self._unseen(seconds)
        if not unseen:
            return []
        late = [track for track in unseen if track.unseen_seconds(seconds) > self._settings.keep_seconds]
        # What flickers all over the picture must not pile up.
        lost = {track.id for track in (*late, *unseen[self._settings.max_faces :])}
        self._tracks = [track for track in self._tracks if track.id not in lost]
        return sorted(lost)

    def _look_again(self, viewer: Viewer, seconds: float) -> list[Sight]:
        """Faces where unseen ones should be by now; no more passes than `max_faces` would take."""
        sights: list[Sight] = []
        seen = [track.face for track in self._seen()]
        for track in self._unseen(seconds)[: self._settings.max_faces - len(seen)]:
            expected = held_inside(track.coast(seconds), viewer.size_wh)
            sights += self._confirm(viewer, viewer.look_around(expected.landmarks), [*seen, *sights])
        return sights

    def _search_is_due(self, seconds: float, again: int) -> bool:
        """Whether to search this frame, `again` unseen faces having been seen again."""
        seen = len(self._seen()) + again
        missing = len(self._tracks) > seen
        pause = self._settings.recover_seconds if missing else self._settings.search_seconds
        # A clock that went back must not hold the search up.
        rested = not 0 <= seconds - self._searched_seconds < pause
        return seen == 0 or (rested and seen < self._settings.max_faces)

    def _confirm_all(self, viewer: Viewer, found: list[FoundFace], sights: list[Sight]) -> list[Sight]:
        """Faces that the finder saw, the network confirms, and nobody follows yet."""
        known = [*(track.face for track in self._seen()), *sights]
        room = self._settings.max_faces - len(known)
        further: list[Sight] = []
        for candidate in self._news(found, known)[:room]:
            further += self._confirm(viewer, viewer.look_at(candidate), [*known, *further])
        return further

    def _news(self, found: list[FoundFace], known: list[Sight]) -> list[FoundFace]:
        """Found faces that are none of those known: only they need passes of the network."""
        if not known:
            return found
        boxes = np.array([face.box.xyxy for face in found], np.float64).reshape(-1, 4)
        new = np.flatnonzero(~self._same_faces(boxes, _boxes(known)).any(axis=1))
        return [found[number] for number in new]

    def _confirm(self, viewer: Viewer, sight: Sight, known: list[Sight]) -> list[Sight]:
        """A first, coarse sight refined; none where there is no face, or one of those known."""
        for _ in range(self._settings.refinements):
            if sight.score < self._settings.end_score or self._is_one_of(sight, known):
                return []
            sight = viewer.look_around(sight.landmarks_frame)
        begins = sight.score >= self._settings.begin_score and not self._is_one_of(sight, known)
        return [sight] if begins else []

    def _take_up(self, sights: list[Sight], seconds: float) -> None:
        """Give each sight to the unseen face that it fits best, or a new id."""
        returned = self._returns(sights, seconds) if sights else {}
        for number, sight in enumerate(sights):
            if number in returned:
                returned[number].come_back(sight, seconds)
            else:
                self._tracks.append(Track(TrackedFace.of(sight, self.next_id), seconds))
                self.next_id += 1

    def _returns(self, sights: list[Sight], seconds: float) -> dict[int, Track]:
        """The unseen face that each sight is, by the sight's number.

        It may be where it should be by now or, had it turned back, where it was last seen; the latter
        counts less, or two faces that passed each other unseen would change ids.
        """
        settings, unseen = self._settings, self._unseen(seconds)
        waited = np.array([track.unseen_seconds(seconds) for track in unseen])
        reaches = settings.return_distance + settings.return_speed * waited
        coasted = _boxes_around([track.coast(seconds).landmarks for track in unseen])
        last_seen = _boxes([track.face for track in unseen])
        costs = [
            return_costs(expected, _boxes(sights), reaches, settings.return_size_ratio)
            for expected in (coasted, last_seen)
        ]
        likeliest = np.minimum(costs[0], costs[1] + settings.turn_cost)
        return {number: unseen[row] for row, number in match_cheapest(likeliest)}


def _misfit(track: Track, sight: Sight, seconds: float) -> float:
    """How far a sight is from where the face should be, in sizes."""
    return abs(sight.shape.middle - track.coast(seconds).middle) / sight.size


def _boxes(sights: list[Sight] | list[TrackedFace]) -> Boxes:
    """(N, 4) tight boxes of sights' landmarks."""
    return _boxes_around([sight.landmarks_frame for sight in sights])


def _boxes_around(faces: list[NDArray[np.float64]]) -> Boxes:
    """(N, 4) tight boxes of N faces' landmarks (K, 2)."""
    return np.array([Box.around(landmarks).xyxy for landmarks in faces], np.float64).reshape(-1, 4)

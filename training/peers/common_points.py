"""The points that all peers of a table have, so that all are judged on the same."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from device.contract.landmarks import LandmarkScheme, arcface_5, ibug_68
from training.data.sets.sample import Sample
from training.peers.peer import Face, Landmarks, Peer, five_of


def common_points(peers: Sequence[Peer]) -> list[int]:
    """Points of ibug_68 that no peer lacks. A peer that gives five points alone has no say."""
    lacking = {point for peer in peers if peer.looker is not None for point in peer.looker.lacking}
    return [point for point in range(ibug_68.count) if point not in lacking]


def scheme_of(points: Sequence[int]) -> LandmarkScheme:
    """The scheme of those points of ibug_68, which must hold eyes, nose and corners of the mouth."""
    place = {point: number for number, point in enumerate(points)}

    def left(indices: Sequence[int]) -> tuple[int, ...]:
        return tuple(place[index] for index in indices if index in place)

    pairs = [pair for pair in ibug_68.swap_pairs if all(point in place for point in pair)]
    return replace(
        ibug_68,
        name=f"{len(points)} of ibug_68" if len(points) < ibug_68.count else ibug_68.name,
        landmark_names=tuple(ibug_68.landmark_names[point] for point in points),
        groups={name: left(indices) for name, indices in ibug_68.groups.items()},
        swap_pairs=tuple((place[first], place[second]) for first, second in pairs),
        outer_eye_corners=_pair(left(ibug_68.outer_eye_corners)),
        eye_rings=(left(ibug_68.eye_rings[0]), left(ibug_68.eye_rings[1])),
        nose_tip=place[ibug_68.nose_tip],
        mouth_corners=_pair(left(ibug_68.mouth_corners)),
    )


def _pair(indices: tuple[int, ...]) -> tuple[int, int]:
    first, second = indices
    return first, second


def reduced(samples: Sequence[Sample], points: Sequence[int]) -> list[Sample]:
    """The samples with those points alone."""
    return [replace(sample, landmarks=sample.landmarks[list(points)]) for sample in samples]


def reduced_to_five(samples: Sequence[Sample]) -> list[Sample]:
    """The samples with the five points of arcface_5."""
    return [
        replace(sample, landmarks=five_of(sample.landmarks.astype(float)).astype(np.float32))
        for sample in samples
    ]


def chosen_points(
    found: Sequence[Landmarks | None], points: Sequence[int]
) -> list[NDArray[np.float64] | None]:
    """Those points of what was found."""
    return [None if each is None else each[list(points)] for each in found]


def five_points(found: Sequence[Face | None]) -> list[NDArray[np.float64] | None]:
    """The five points of what was found."""
    return [None if face is None else face.five for face in found]


FIVE = arcface_5

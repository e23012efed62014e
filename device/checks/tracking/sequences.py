"""The made sequences: what moves how, as pure functions of time.

Each begins with half a second at rest, so that what is measured is following and not the first find.
W stands for a face's width.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from device.checks.tracking.scene import SIZE_WH, Bar, Place

FPS = 30.0
"""Frames a second."""

REST_SECONDS = 0.5
"""At the start of every sequence."""

FACE_PX = 100.0
"""W where nothing else is said, pixels of the frame."""

MIDDLE = SIZE_WH[0] / 2, SIZE_WH[1] / 2

Path = Callable[[float], Place]
"""Seconds to place."""


@dataclass(frozen=True)
class MadeSequence:
    """One made sequence and what it promises."""

    name: str
    """For the table."""
    seconds: float
    """Length."""
    paths: tuple[Path, ...]
    """One a person, the farthest first; the second person is the first one's twin."""
    bars: Callable[[float], tuple[Bar, ...]] = field(default=lambda _: ())
    """Seconds to what stands before everyone."""
    every: int = 1
    """Every how many frames one is handled; the rest are skipped, as by a slow machine."""
    ids: int = 1
    """Ids that each person should have in all: one more for each absence too long to be remembered."""

    @property
    def frames(self) -> int:
        """Number of frames, skipped ones counted."""
        return round(self.seconds * FPS)


def _moving(seconds: float) -> float:
    """Seconds since the rest ended, 0 before."""
    return max(seconds - REST_SECONDS, 0.0)


def _there_and_back(seconds: float, period_seconds: float) -> float:
    """-1 to 1 and back at a constant speed, starting at 0 on the way up; the turns are rounded off."""
    phase = 2 * math.pi * seconds / period_seconds
    # asin(sin) is a triangle; the factor keeps its corners from being sharper than a hand's.
    return math.asin(0.98 * math.sin(phase)) / math.asin(0.98)


def fast_pan(seconds: float) -> Place:
    """One W in five frames: 600 px a second, from side to side."""
    reach = MIDDLE[0] - 0.8 * FACE_PX
    # The triangle's speed between its rounded turns: four reaches a period, a little less.
    period = 4 * reach / (6 * FACE_PX) * (math.pi / 2) * 0.98 / math.asin(0.98)
    x = MIDDLE[0] + reach * _there_and_back(_moving(seconds), period)
    return Place((x, MIDDLE[1]), FACE_PX)


def roll(seconds: float) -> Place:
    """To 60 degrees on either side, up to 120 degrees a second."""
    sway = math.sin(2 * _moving(seconds))
    return Place(MIDDLE, 1.3 * FACE_PX, math.radians(60) * sway)


def zoom(seconds: float) -> Place:
    """From 60 px to three times that and back, in a second and a half each way."""
    share = (1 - math.cos(math.pi * _moving(seconds) / 1.5)) / 2
    return Place(MIDDLE, 60 * 3**share)


def still(seconds: float) -> Place:
    """A face at rest."""
    del seconds
    return Place(MIDDLE, FACE_PX)


def sinking(seconds: float) -> Place:
    """A face that goes down at half a W a second."""
    return Place((MIDDLE[0], MIDDLE[1] - 120 + FACE_PX / 2 * _moving(seconds)), FACE_PX)


def passing_bars(seconds: float) -> tuple[Bar, ...]:
    """Bars of 1.3 W at 2.6 W a second, one every 1.5 s: each hides more than half a face for 0.5 s."""
    width, speed = 1.3 * FACE_PX, 2.6 * FACE_PX
    front = speed * _moving(seconds) + MIDDLE[0] - 2 * FACE_PX
    gap = 1.5 * speed
    return tuple(Bar(front - number * gap - width, front - number * gap) for number in range(3))


def _crossing(direction: int, lower_px: float) -> Path:
    """From one side to the other in three seconds, and back: 2 W a second in the middle."""

    def path(seconds: float) -> Place:
        x = MIDDLE[0] - direction * 2 * FACE_PX * math.cos(math.pi * min(_moving(seconds) / 3, 2.0))
        return Place((x, MIDDLE[1] + lower_px), FACE_PX)

    return path


def _leaving(away_seconds: float) -> Path:
    """Out on the left at 5 W a second, and in again; for `away_seconds` less than half is in view."""

    def path(seconds: float) -> Place:
        speed = 5 * FACE_PX
        to_rim = MIDDLE[0] / speed
        moved = _moving(seconds)
        gone = min(moved, to_rim + away_seconds / 2)
        back = max(moved - to_rim - away_seconds / 2, 0.0)
        x = MIDDLE[0] - speed * max(gone - back, 0.0)
        return Place((x, MIDDLE[1]), FACE_PX)

    return path


SEQUENCES = (
    MadeSequence("fast pan, W in 5 frames", 5.0, (fast_pan,)),
    MadeSequence("fast pan, every other frame skipped", 5.0, (fast_pan,), every=2),
    MadeSequence("roll to 60 degrees", 4.5, (roll,)),
    MadeSequence("zoom 3x", 5.0, (zoom,)),
    MadeSequence("bars hide a still face 0.5 s", 5.5, (still,), passing_bars),
    MadeSequence("bars hide a moving face 0.5 s", 5.5, (sinking,), passing_bars),
    MadeSequence("two faces cross twice", 7.0, (_crossing(1, -8.0), _crossing(-1, 8.0))),
    MadeSequence("out of view for 0.8 s", 3.5, (_leaving(0.8),)),
    MadeSequence("out of view for 2 s", 5.0, (_leaving(2.0),), ids=2),
)
"""All, in the order of the table."""

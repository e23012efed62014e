"""Which parts fail when, and how: drawn from a seed."""

import random
from dataclasses import dataclass

MINUTES = 10
"""Of the whole chaos; a shorter one has its share of every kind of fault."""

TIMES = {"camera": 50, "broker": 50, "inference": 20}
"""Faults of each part in ten minutes."""

HOWS = {
    "camera": ("unplugged", "unplugged", "unplugged", "silent", "rubbish"),
    "broker": ("killed",),
    "inference": ("crashed", "hung", "crashed"),
}
"""In turn: an unplugged camera is noticed at once, one that is silent after two seconds."""

SECONDS = {
    "unplugged": (0.1, 1.0),
    "silent": (3.2, 3.8),
    "rubbish": (3.2, 3.8),
    "killed": (0.1, 1.0),
    "crashed": (0.0, 0.0),
    "hung": (0.0, 0.0),
}
"""Least and most of a fault's own length; a crash has none."""


@dataclass(frozen=True)
class Fault:
    """One of them."""

    part: str
    how: str
    seconds: float
    at: float
    """Seconds after the start; not before that, and not before the one before is over."""


def draw_plan(seconds: float, seed: int) -> list[Fault]:
    """Faults in a random order over so many seconds."""
    chance = random.Random(seed)
    drawn = []
    for part, times in TIMES.items():
        count = max(round(times * seconds / (MINUTES * 60)), 1)
        drawn += [(part, HOWS[part][number % len(HOWS[part])]) for number in range(count)]
    chance.shuffle(drawn)
    step = seconds / len(drawn)
    return [
        Fault(part, how, chance.uniform(*SECONDS[how]), (number + chance.uniform(0, 0.2)) * step)
        for number, (part, how) in enumerate(drawn)
    ]

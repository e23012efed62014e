"""Options that several sources share."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from device.config.values import Parsed, Within

MAX_SIDE = 8192
"""Pixels; a larger frame is a typing error."""

MAX_FPS = 1000.0


def _read_size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})", text)
    width, height = (int(match[1]), int(match[2])) if match else (0, 0)
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise ValueError(text)
    return width, height


Size = Annotated[tuple[int, int], Parsed(f"WIDTHxHEIGHT, 1 to {MAX_SIDE} each, as in 640x480", _read_size)]
"""(width, height), pixels, before rotation."""

Fps = Annotated[float, Within(0.001, MAX_FPS)]
"""Frames a second."""


@dataclass(frozen=True, kw_only=True)
class Orientation:
    """How a picture is turned. Every source has these options; coordinates are those of the result."""

    rotate: Literal[0, 90, 180, 270] = 0
    """Degrees clockwise, after `size`."""
    mirror: bool = False
    """Whether left and right are exchanged, after `rotate`."""

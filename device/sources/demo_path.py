"""How the demo's virtual camera moves over its photograph: a pure function of the frame's number.

Every twelve seconds it starts with the face in the middle of the frame, wanders (pan, turn, zoom),
leaves the face behind, and comes back to where it started. Nothing jumps, and no two rounds wander
alike because the wandering's own periods do not divide the twelve seconds.
"""

import math
from dataclasses import dataclass

import numpy as np

from device.contract.geometry import Box, CropTransform

FACE_BOX = Box(180.0, 87.0, 270.0, 178.0)
"""Tight box of the face's 68 landmarks, pixels of the photograph."""

HEAD_BOX = Box(152.0, 13.0, 303.0, 192.0)
"""The same face with hair and neck."""

FACE_SHARE = 0.55
"""Height of the face over the frame's shorter side, at zoom 1."""

ROUND_SECONDS = 12.0
"""From one start in the middle to the next."""

WANDER_SECONDS = 6.6
"""From the start; then the face is in the middle again and leaves."""

LEAVE_SECONDS = 1.2
"""To leave the frame, and to come back."""

AWAY_SECONDS = 1.5
"""Wholly out of the frame."""

DARKEST = 0.5
"""Factor on every pixel when dimmed most."""

# Reach of the wandering: shares of the frame's width and height, radians, and the logarithms of the
# least and the greatest zoom.
_PAN_X, _PAN_Y = 0.12, 0.05
_ROLL = math.radians(25)
_LOG_ZOOM = math.log(0.8), math.log(1.5)


def _sway(seconds: float, period_seconds: float) -> float:
    return math.sin(2 * math.pi * seconds / period_seconds)


def _ease(share: float) -> float:
    """0 to 1 with rest at both ends; held at 0 before and at 1 after."""
    return (1 - math.cos(math.pi * min(max(share, 0.0), 1.0))) / 2


@dataclass(frozen=True)
class DemoPath:
    """The camera's place and light at each frame."""

    size_wh: tuple[int, int] = (640, 480)
    """Pixels of the frame."""
    fps: float = 30.0
    """Frames a second; a frame's number over it is the time on the path."""

    def photo_to_frame(self, sequence: int) -> CropTransform:
        """The map from pixels of the photograph (its "frame") to pixels of the frame (its "crop")."""
        seconds = sequence / self.fps
        wander = self._wander(seconds)
        low, high = _LOG_ZOOM
        zoom = math.exp(wander * ((low + high) / 2 + (high - low) / 2 * _sway(seconds, 4.7)))
        width, height = self.size_wh
        middled = CropTransform.from_roi(
            FACE_BOX.center_xy,
            width / (self._base_scale * zoom),
            self.size_wh,
            wander * _ROLL * _sway(seconds, 5.3),
        )
        pan_x = wander * _PAN_X * width * _sway(seconds, 3.1) - self._away(seconds) * self._exit_px
        pan_y = wander * _PAN_Y * height * _sway(seconds, 2.3)
        matrix = middled.matrix + np.array([[0.0, 0.0, pan_x], [0.0, 0.0, pan_y]])
        return CropTransform(matrix, self.size_wh)

    def brightness(self, sequence: int) -> float:
        """Factor on every pixel, DARKEST to 1; 1 at the start."""
        return 1 - (1 - DARKEST) * _ease(1 - abs(1 - 2 * (sequence / self.fps / 4.3 % 1)))

    def face_is_away(self, sequence: int) -> bool:
        """Whether the whole head is outside the frame; shortly before and after, parts of it are."""
        return self._away(sequence / self.fps) == 1.0

    @property
    def _base_scale(self) -> float:
        """Frame pixels per pixel of the photograph at zoom 1."""
        return FACE_SHARE * min(self.size_wh) / FACE_BOX.height

    @property
    def _exit_px(self) -> float:
        """How far the face goes to the left until the last hair is out, and a little more."""
        behind = HEAD_BOX.x_max - FACE_BOX.center_xy[0]
        return self.size_wh[0] / 2 + 1.1 * behind * self._base_scale

    def _wander(self, seconds: float) -> float:
        """Weight of the wandering: 0 at its ends and until the next round, with rest; 1 halfway."""
        share = min(seconds % ROUND_SECONDS / WANDER_SECONDS, 1.0)
        return _ease(1 - abs(1 - 2 * share))

    def _away(self, seconds: float) -> float:
        """0 with the face at its place, 1 with the face out of the frame."""
        left = seconds % ROUND_SECONDS - WANDER_SECONDS
        back = left - LEAVE_SECONDS - AWAY_SECONDS
        return _ease(left / LEAVE_SECONDS) - _ease(back / LEAVE_SECONDS)

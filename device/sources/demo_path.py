"""The path of the demo's virtual camera over its picture: a pure function of the frame's number.

Every twelve seconds it starts with the face at the centre of the frame, wanders (pan, turn, zoom), moves
away until the face is out of view, and comes back. Nothing jumps, and no two rounds are alike because the
periods of the wandering do not divide twelve seconds.
"""

import math
from dataclasses import dataclass

from msgspec.structs import replace

from device.contract.geometry import Box, CropTransform

SIDE = 512
"""Pixels of the picture, both ways, in which everything here counts."""

FACE_BOX = Box(180.0, 87.0, 270.0, 178.0)
"""Tight box of the face's 68 landmarks, pixels of the picture."""

HEAD_BOX = Box(152.0, 13.0, 303.0, 192.0)
"""The same face with hair and neck."""

FACE_SHARE = 0.55
"""Height of the face as a fraction of the frame's shorter side, at zoom 1."""

ROUND_SECONDS = 12.0
"""From one start at the centre to the next."""

WANDER_SECONDS = 6.6
"""From the start until the face is at the centre again and begins to leave."""

LEAVE_SECONDS = 1.2
"""Time to leave the frame, and again to come back."""

AWAY_SECONDS = 1.5
"""Time that the face is wholly out of the frame."""

DARKEST = 0.5
"""Factor on every pixel at the darkest moment."""

# Extent of the wandering: fractions of the frame's width and height, radians, and the logarithms of the
# smallest and the largest zoom.
_PAN_X, _PAN_Y = 0.12, 0.05
_ROLL = math.radians(25)
_LOG_ZOOM = math.log(0.8), math.log(1.5)


def _sway(seconds: float, period_seconds: float) -> float:
    return math.sin(2 * math.pi * seconds / period_seconds)


def _ease(fraction: float) -> float:
    """From 0 to 1 with no speed at either end; 0 before and 1 after."""
    return (1 - math.cos(math.pi * min(max(fraction, 0.0), 1.0))) / 2


@dataclass(frozen=True)
class DemoPath:
    """Position and brightness of the camera at each frame."""

    size_wh: tuple[int, int] = (640, 480)
    """Pixels of the frame."""
    fps: float = 30.0
    """Frames a second; a frame's number divided by it is the time on the path."""

    def photo_to_frame(self, sequence: int) -> CropTransform:
        """The map from pixels of the photograph (its "frame") to pixels of the frame (its "crop")."""
        seconds = sequence / self.fps
        wander = self._wander(seconds)
        low, high = _LOG_ZOOM
        zoom = math.exp(wander * ((low + high) / 2 + (high - low) / 2 * _sway(seconds, 4.7)))
        width, height = self.size_wh
        centred = CropTransform.from_roi(
            FACE_BOX.centre_xy,
            width / (self._base_scale * zoom),
            self.size_wh,
            wander * _ROLL * _sway(seconds, 5.3),
        )
        pan_x = wander * _PAN_X * width * _sway(seconds, 3.1) - self._away(seconds) * self._exit_px
        pan_y = wander * _PAN_Y * height * _sway(seconds, 2.3)
        return replace(centred, offset=centred.offset + complex(pan_x, pan_y))

    def brightness(self, sequence: int) -> float:
        """Factor on every pixel, DARKEST to 1; 1 at the start."""
        return 1 - (1 - DARKEST) * _ease(1 - abs(1 - 2 * (sequence / self.fps / 4.3 % 1)))

    def face_is_away(self, sequence: int) -> bool:
        """Whether the whole head is outside the frame; just before and after, parts of it are."""
        return self._away(sequence / self.fps) == 1.0

    @property
    def _base_scale(self) -> float:
        """Frame pixels per pixel of the photograph at zoom 1."""
        return FACE_SHARE * min(self.size_wh) / FACE_BOX.height

    @property
    def _exit_px(self) -> float:
        """How far the face moves to the left until all of its hair is out, and a little more."""
        behind = HEAD_BOX.x_max - FACE_BOX.centre_xy[0]
        return self.size_wh[0] / 2 + 1.1 * behind * self._base_scale

    def _wander(self, seconds: float) -> float:
        """Weight of the wandering: 1 halfway, 0 at its ends and until the next round."""
        fraction = min(seconds % ROUND_SECONDS / WANDER_SECONDS, 1.0)
        return _ease(1 - abs(1 - 2 * fraction))

    def _away(self, seconds: float) -> float:
        """0 while the face is in place, 1 while it is out of the frame."""
        left = seconds % ROUND_SECONDS - WANDER_SECONDS
        back = left - LEAVE_SECONDS - AWAY_SECONDS
        return _ease(left / LEAVE_SECONDS) - _ease(back / LEAVE_SECONDS)

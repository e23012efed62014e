"""What was found in a frame, drawn into its picture: boxes, landmarks and a few words for each face."""

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.landmarks import SCHEMES, ibug_68
from device.messages.frame import FaceMessage, FrameMessage

Colour = tuple[int, int, int]
"""Blue, green, red."""

COLOURS: dict[str, Colour] = {
    "jaw": (230, 200, 90),
    "brows": (90, 200, 250),
    "nose": (120, 230, 130),
    "eyes": (250, 160, 110),
    "mouth": (140, 120, 250),
}
"""Of each group of landmarks."""

LINES: tuple[tuple[str, range, bool], ...] = (
    ("jaw", range(17), False),
    ("brows", range(17, 22), False),
    ("brows", range(22, 27), False),
    ("nose", range(27, 31), False),
    ("nose", range(31, 36), False),
    ("eyes", range(36, 42), True),
    ("eyes", range(42, 48), True),
    ("mouth", range(48, 60), True),
    ("mouth", range(60, 68), True),
)
"""Group, points of ibug_68 and whether the line is closed."""

LIGHT: Colour = (245, 245, 245)
DARK: Colour = (30, 30, 30)

BOX_PER_STROKE = 220.0
"""Pixels of a face's box for each pixel of a stroke's width."""

_BITS = 4
"""Fractional bits of OpenCV's coordinates, so that lines do not jump from pixel to pixel."""


def _fixed(points: NDArray[np.floating]) -> NDArray[np.int32]:
    return np.asarray(np.rint(points * (1 << _BITS)), np.int32)


def annotate(picture: NDArray[np.uint8], message: FrameMessage) -> NDArray[np.uint8]:
    """A copy of the picture with the faces of its message.

    Args:
        picture: (H, W, 3) uint8 blue green red, the frame that the message is about.
        message: its faces.
    """
    drawn = picture.copy()
    for face in message.faces:
        stroke = max(1, round(max(face.box.x_max - face.box.x_min, 1.0) / BOX_PER_STROKE))
        _draw_lines(drawn, face, message.scheme_name, stroke)
        _draw_points(drawn, face, message.scheme_name, stroke)
        _draw_box(drawn, face, stroke)
    return drawn


def _draw_lines(picture: NDArray[np.uint8], face: FaceMessage, scheme: str, stroke: int) -> None:
    """Outlines, where the scheme has ibug_68's points."""
    known = SCHEMES[scheme]
    places = list(range(ibug_68.count)) if known is ibug_68 else list(known.ibug_68_points)
    if not places:
        return
    points = _fixed(face.landmarks[places])
    for group, indices, closed in LINES:
        line = points[list(indices)]
        cv2.polylines(picture, [line], closed, COLOURS[group], stroke, cv2.LINE_AA, _BITS)


def _draw_points(picture: NDArray[np.uint8], face: FaceMessage, scheme: str, stroke: int) -> None:
    points = _fixed(face.landmarks)
    radius = (stroke + 1) << (_BITS - 1)
    for group, indices in SCHEMES[scheme].groups.items():
        for x, y in points[list(indices)].tolist():
            cv2.circle(picture, (x, y), radius + (1 << _BITS), DARK, -1, cv2.LINE_AA, _BITS)
            cv2.circle(picture, (x, y), radius, COLOURS.get(group, LIGHT), -1, cv2.LINE_AA, _BITS)


def _draw_box(picture: NDArray[np.uint8], face: FaceMessage, stroke: int) -> None:
    box = face.box
    corners = _fixed(np.array([(box.x_min, box.y_min), (box.x_max, box.y_max)])).tolist()
    cv2.rectangle(picture, corners[0], corners[1], LIGHT, stroke, cv2.LINE_AA, _BITS)
    words = f"{face.id}  {face.score:.2f}"
    if face.pose is not None:
        words += f"  yaw {face.pose.yaw:.0f} pitch {face.pose.pitch:.0f} roll {face.pose.roll:.0f}"
    # About as wide as the box, and never too small to read.
    size = min(max((box.x_max - box.x_min) / 300, 0.35), 2.0)
    at = max(round(box.x_min), 2), max(round(box.y_min) - 4 * stroke, round(24 * size))
    for colour, width in ((DARK, stroke + 2), (LIGHT, stroke)):
        cv2.putText(picture, words, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, width, cv2.LINE_AA)

"""A frame's picture as viewers get it: its sequence number, then a JPEG."""

import struct

import cv2

from device.sources.frame import Frame

QUALITY = 75
"""Of the JPEG: landmarks look no different on it than on a better one, which has three times the bytes."""

HEAD = struct.Struct("!Q")
"""The frame's sequence number before the JPEG, so that the page draws each overlay on its own picture."""


def encode_picture(frame: Frame) -> bytes:
    """Eight bytes of sequence number (unsigned, big-endian) and a JPEG file."""
    _, data = cv2.imencode(".jpg", frame.image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return HEAD.pack(frame.sequence) + data.tobytes()

"""The picture of a frame as viewers get it: its number, then a JPEG."""

import struct

import cv2

from device.sources.frame import Frame

QUALITY = 75
"""Of the JPEG: landmarks cannot be told from those on a better one, and it is a third of the bytes."""

HEAD = struct.Struct("!Q")
"""The frame's sequence, before the JPEG: the page draws each overlay over the picture it belongs to."""


def encode_picture(frame: Frame) -> bytes:
    """Eight bytes of sequence (unsigned, most significant first) and a JPEG file."""
    _, data = cv2.imencode(".jpg", frame.image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return HEAD.pack(frame.sequence) + data.tobytes()

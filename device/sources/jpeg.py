"""The size of a JPEG picture, read without decoding it."""

STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a segment: TEM, RST0 to RST7, SOI."""

FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""SOF0 to SOF15 without DHT, JPG and DAC (ITU-T T.81, table B.1)."""


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """(width, height), pixels, of an encoded JPEG; None if this is none, or ends before it says."""
    if data[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in FRAME_HEADERS:
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in STANDALONE:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None

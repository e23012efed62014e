"""Open Sound Control 1.0: messages, and bundles of them in one datagram."""

import struct
from collections.abc import Iterable

AT_ONCE = 1
"""Time tag of a bundle that is to be handled when it arrives."""


def osc_message(address: str, *values: str | float) -> bytes:
    """One message of texts, whole numbers and float32."""
    tags, body = ",", b""
    for value in values:
        match value:
            case str():
                tags, body = tags + "s", body + _padded(value.encode())
            case int():
                tags, body = tags + "i", body + struct.pack(">i", value)
            case _:
                tags, body = tags + "f", body + struct.pack(">f", value)
    return _padded(address.encode()) + _padded(tags.encode()) + body


def osc_bundle(messages: Iterable[bytes]) -> bytes:
    """Several messages in one datagram, to be taken at once."""
    sized = [struct.pack(">i", len(message)) + message for message in messages]
    return _padded(b"#bundle") + struct.pack(">Q", AT_ONCE) + b"".join(sized)


def _padded(data: bytes) -> bytes:
    """An OSC string: at least one zero byte, then up to a multiple of four."""
    return data + bytes(4 - len(data) % 4)

"""Lines of the stream back to messages, checked against the structs' types and limits.

Keys and message types that are not known are passed over, as the specification asks of every reader.
"""

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

import msgspec
import orjson
from msgspec import Struct

from device.contract.errors import BadInputError
from device.contract.landmarks import SCHEMES
from device.messages.base import SCHEMA, StreamMessage
from device.messages.events import ErrorMessage, FaceLost, Reply
from device.messages.frame import FaceMessage, FrameMessage
from device.messages.health import Health
from device.messages.selftest import SelftestMessage
from device.messages.status import Status

KINDS: dict[str, type[StreamMessage]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (FrameMessage, FaceLost, ErrorMessage, Status, Health, Reply, SelftestMessage)
}
"""The struct of each message type."""


class OtherSchemaError(BadInputError):
    """The message is of another version of the stream."""


@dataclass(frozen=True)
class OtherMessage:
    """A message of a type that this version does not know."""

    source: str
    """The stream's name."""
    values: dict[str, Any]
    """All its keys."""


Message = StreamMessage | OtherMessage


class _Envelope(Struct):
    """What every message begins with."""

    type: str
    schema: int
    source: str = ""


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_KNOWN: Any = reduce(or_, KINDS.values())
_MESSAGE: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_KNOWN)

_HEADS = tuple(f'{{"type":"{kind}","schema":{SCHEMA},'.encode() for kind in KINDS)
"""How a line begins as `encode` writes it: no need to read its envelope first."""


def decode_line(line: bytes) -> Message:
    """The message of one line of JSON.

    Raises:
        BadInputError: no JSON object, another schema, a key that is missing or holds something else.
    """
    try:
        line.decode()  # The decoder passes over what it does not know without a look at its bytes.
        if not line.startswith(_HEADS):
            envelope = _ENVELOPE.decode(line)
            _check_schema(envelope.schema)
            if envelope.type not in KINDS:
                return OtherMessage(envelope.source, orjson.loads(line))
        message: StreamMessage = _MESSAGE.decode(line)
    except (ValueError, RecursionError) as error:
        raise _refusal(error) from error
    return _checked(message)


def decode_message(values: Any) -> Message:
    """The message of an object that JSON or CBOR was decoded to.

    Raises:
        BadInputError: no object, another schema, a key that is missing or holds something else.
    """
    try:
        envelope = msgspec.convert(values, _Envelope)
        _check_schema(envelope.schema)
        if envelope.type not in KINDS:
            return OtherMessage(envelope.source, values)
        message: StreamMessage = msgspec.convert(values, _KNOWN)
    except (ValueError, RecursionError) as error:
        raise _refusal(error) from error
    return _checked(message)


def _check_schema(schema: int) -> None:
    if schema != SCHEMA:
        raise OtherSchemaError(f"message of schema {schema}, wanted {SCHEMA}")


def _refusal(error: Exception) -> BadInputError:
    """Why a message cannot be read, short and printable whatever the message holds."""
    reason = ascii(str(error))[1:-1]
    return BadInputError(f"message cannot be read, wanted one of schema {SCHEMA}: {reason[:120]}")


def _checked(message: StreamMessage) -> StreamMessage:
    """The message, once every face of a frame has as many landmarks as its scheme.

    Raises:
        BadInputError: a face has another number of them.
    """
    if isinstance(message, FrameMessage):
        scheme = SCHEMES.get(message.scheme_name)
        for face in message.faces:
            # Of a scheme that this version does not know, a face's own scores tell the number.
            _check_count(face, len(face.landmark_scores) if scheme is None else scheme.count)
    return message


def _check_count(face: FaceMessage, count: int) -> None:
    points, raw, scores = face.landmarks, face.landmarks_raw, face.landmark_scores
    if (
        points.shape != (count, 2)
        or scores.shape != (count,)
        or (raw is not None and raw.shape != points.shape)
    ):
        got = f"{len(points)} landmarks" + ("" if raw is None else f", {len(raw)} unfiltered ones")
        raise BadInputError(
            f"message has a face of {got} and {len(scores)} scores, wanted {count} points of x and y"
        )

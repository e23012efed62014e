"""From a line of the stream back to the message, checked on the way.

The dataclasses of `device.messages.messages` say which keys there are and what they hold, so a field that is
added there is read here without a further word. Keys and message types that are not known are let
pass, as every reader must.
"""

import math
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np
import orjson

from device.contract.errors import BadInputError
from device.contract.geometry import Box
from device.contract.landmarks import ibug_68
from device.messages import messages as events

KINDS: dict[str, type] = {
    "frame": events.FrameMessage,
    "face_lost": events.FaceLost,
    "error": events.ErrorMessage,
    "status": events.Status,
    "health": events.Health,
    "reply": events.Reply,
}
"""The class of each message type."""

SHAPES = {
    "landmarks": (ibug_68.count, 2),
    "landmarks_raw": (ibug_68.count, 2),
    "landmark_scores": (ibug_68.count,),
}
"""Arrays by their key."""

LARGEST_INTEGER = 2**63 - 1
"""What a reader in any language can hold."""


@dataclass(frozen=True)
class OtherMessage:
    """A message of a type that this version does not know."""

    source: str
    """The stream's name."""
    values: dict[str, Any]
    """Everything it says."""

    def to_dict(self) -> dict[str, Any]:
        """As it came."""
        return self.values


def decode_line(line: bytes) -> events.Message:
    """The message of one line of JSON.

    Raises:
        BadInputError: no JSON object, another schema, a key that is missing or holds something else.
    """
    try:
        values = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadInputError(f"message is no line of JSON ({error}), wanted one of schema 1") from error
    return decode_message(values)


def decode_message(values: Any) -> events.Message:
    """The message that `to_dict` has made, after JSON or CBOR.

    Raises:
        BadInputError: no object, another schema, a key that is missing or holds something else.
    """
    if not isinstance(values, dict) or not isinstance(values.get("type"), str):
        raise BadInputError("message is no object with a type; wanted one of the stream's")
    if values.get("schema") != events.SCHEMA or isinstance(values["schema"], bool):
        raise BadInputError(f"message of schema {_told(values.get('schema'))}, wanted {events.SCHEMA}")
    kind = KINDS.get(values["type"])
    if kind is None:
        return OtherMessage(_text(values.get("source"), "source"), values)
    if kind is events.ErrorMessage and "frame" in values:
        # The one key that does not stand where the field does: a file's name, in `frame` as elsewhere.
        frame = _object(values["frame"], "frame")
        values = {**values, "name": frame.get("name")}
    message: events.Message = _structure(kind, values, "")
    return message


def _told(value: Any) -> str:
    """A value as an error shows it: short and on one line."""
    text = ascii(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _refuse(path: str, value: Any, wanted: str) -> BadInputError:
    return BadInputError(f"message has {_told(value)} for {path or 'itself'}, wanted {wanted}")


def _object(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _refuse(path, value, "an object")
    return value


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise _refuse(path, value, "a text")
    return value


def _integer(value: Any, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_INTEGER:
        raise _refuse(path, value, "a whole number from 0 to 2^63 - 1")
    return value


def _number(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > LARGEST_INTEGER:
        raise _refuse(path, value, "a number")
    if not math.isfinite(value):
        raise _refuse(path, value, "a number that is finite")
    return float(value)


def _truth(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise _refuse(path, value, "true or false")
    return value


def _box(value: Any, path: str) -> Box:
    return Box(*(float(number) for number in _array(value, path, (4,))))


def _array(value: Any, path: str, shape: tuple[int, ...]) -> Any:
    """An array of float64 of exactly this shape."""
    wanted = f"{' times '.join(map(str, shape))} finite numbers"
    try:
        array = np.array(value)
    except ValueError as error:
        raise _refuse(path, value, wanted) from error
    if array.shape != shape or array.dtype.kind not in "iuf" or not (abs(array) <= LARGEST_INTEGER).all():
        raise _refuse(path, value, wanted)
    return array.astype(np.float64)


PLAIN: dict[Any, Callable[[Any, str], Any]] = {
    str: _text,
    int: _integer,
    float: _number,
    bool: _truth,
    Box: _box,
}
"""Readers of the types that hold no others."""


@lru_cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _structure(kind: Any, value: Any, path: str) -> Any:
    """A value of the annotated kind; `path` is where it stands, for the error."""
    if kind in PLAIN:
        return PLAIN[kind](value, path)
    if is_dataclass(kind):
        return _fields(kind, _object(value, path), path)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is None:
        return _choice(kind, value, path)
    if origin is np.ndarray:
        return _array(value, path, SHAPES[path.rpartition(".")[2]])
    return HOLDERS[origin](inner, value, path)


def _known(inner: tuple[Any, ...], value: Any, path: str) -> Any:
    """`X | None` where there is a key: what is not known has none."""
    return _structure(inner[0], value, path)


def _mapping(inner: tuple[Any, ...], value: Any, path: str) -> dict[str, Any]:
    return {
        _text(key, path): _structure(inner[1], item, f"{path}.{_told(key)}")
        for key, item in _object(value, path).items()
    }


def _series(inner: tuple[Any, ...], value: Any, path: str) -> Any:
    """A list of any length, or a tuple of a given one."""
    if not isinstance(value, list | tuple):
        raise _refuse(path, value, "a list")
    fixed = len(inner) > 1 and inner[1] is not Ellipsis
    if fixed and len(value) != len(inner):
        raise _refuse(path, value, f"a list of {len(inner)}")
    return tuple(_structure(inner[0], item, path) for item in value)


HOLDERS: dict[Any, Callable[[tuple[Any, ...], Any, str], Any]] = {
    Union: _known,
    types.UnionType: _known,
    Mapping: _mapping,
    Sequence: _series,
    tuple: _series,
}
"""Readers of the types that hold others."""


def _choice(kind: type[StrEnum], value: Any, path: str) -> StrEnum:
    try:
        return kind(value)
    except ValueError as error:
        raise _refuse(path, value, f"one of {', '.join(kind)}") from error


def _fields(kind: Any, values: dict[str, Any], path: str) -> Any:
    given = {}
    for part in fields(kind):
        where = f"{path}.{part.name}" if path else part.name
        if part.name in values:
            given[part.name] = _structure(_hints(kind)[part.name], values[part.name], where)
        elif part.default is MISSING and part.default_factory is MISSING:
            raise BadInputError(f"message lacks {where}")
    return kind(**given)

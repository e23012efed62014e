"""Messages to lines of JSON: rounded as annotated, without what is not known or not finite."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from math import isfinite
from typing import Any, get_args, get_origin

import orjson
from msgspec import Raw, Struct
from msgspec.json import Encoder
from msgspec.structs import astuple, replace

from device.contract.geometry import Box
from device.messages.base import SCHEMA, StreamMessage
from device.messages.fields import annotated_fields, unwrapped
from device.messages.frame import FaceMessage, FrameMessage
from device.messages.json_decoder import Message, OtherMessage
from device.messages.rounding import rounder

Convert = Callable[[Any], Any]
"""From a field's value to what orjson writes; None leaves the key out."""

OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE


def encode(message: Message) -> bytes:
    """One line of JSON, UTF-8, with its line feed."""
    if isinstance(message, OtherMessage):
        return orjson.dumps(message.values, option=OPTIONS)
    if isinstance(message, FrameMessage) and all(face.arkit is None for face in message.faces):
        # Its numbers are rounded already, and no field has another place in JSON.
        line = b"".join((_FRAME_HEAD, _FRAMES.encode(message)[len(_FRAME_TAG) :], b"\n"))
    else:
        line = orjson.dumps(_converter_of(type(message))(message), option=OPTIONS)
    # No key holds null, but orjson writes it for a number that is not finite. So only then we look for those.
    return orjson.dumps(plain(message), option=OPTIONS) if b"null" in line else line


def _array_as_json(values: Any) -> Raw:
    """An array as JSON: orjson reads numpy's memory."""
    return Raw(orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY))


_FRAMES = Encoder(enc_hook=_array_as_json)
_FRAME_TAG = b'{"type":"frame",'
_FRAME_HEAD = _FRAME_TAG + b'"schema":%d,' % SCHEMA
"""How a frame's line begins: msgspec writes the tag, and what follows it here."""


def plain(message: Struct | OtherMessage) -> dict[str, Any]:
    """A message, or a part of one, as a dict of what JSON can hold; arrays stay numpy's."""
    if isinstance(message, OtherMessage):
        return message.values
    return dict(_converter_of(type(message))(finite(message)))


def finite(value: Any) -> Any:
    """A message, or a part of one, without what is not finite; None if a number is not that it must have."""
    match value:
        case float():
            return value if isfinite(value) else None
        case Mapping():
            return {
                name: kept
                for name, each in value.items()
                if (kept := finite(each)) is not None or each is None
            }
        case list() | tuple() if not isinstance(value, Box):
            return [kept for each in value if (kept := finite(each)) is not None or each is None]
        case Struct():
            return _finite_struct(value)
    return value


def _finite_struct(value: Struct) -> Struct | None:
    if not getattr(value, "finite", True):
        return None
    optional = {name for name, hint in annotated_fields(type(value)) if unwrapped(hint)[2]}
    kept = {name: finite(getattr(value, name)) for name in value.__struct_fields__}
    return replace(
        value, **{name: each for name, each in kept.items() if each is not None or name in optional}
    )


@cache
def _converter_of(kind: type[Struct], rounding: bool = True) -> Convert:
    """Converter of a struct to a dict, which begins with `type` and `schema` if it is a message."""
    rounding = rounding and kind is not FaceMessage
    if (digits := _digits_of_figures(kind)) and rounding:
        return lambda value: dict(
            zip(kind.__struct_fields__, map(round, astuple(value), digits), strict=True)
        )
    fields = [(name, _converter(hint, rounding), unwrapped(hint)[2]) for name, hint in annotated_fields(kind)]
    steps = [(name, step) for name, step, optional in fields if step is not None and not optional]
    optional_steps = [(name, step or _as_it_is) for name, step, optional in fields if optional]
    moves = [
        (name, outer) for name, hint in annotated_fields(kind) if (outer := unwrapped(hint)[1].get("inside"))
    ]
    head = (kind.__struct_config__.tag, SCHEMA) if issubclass(kind, StreamMessage) else ()
    keys = ("type", "schema")[: len(head)] + kind.__struct_fields__

    def convert(value: Any) -> dict[str, Any]:
        plain = dict(zip(keys, head + astuple(value), strict=True))
        for name, step in steps:
            plain[name] = step(plain[name])
        for name, step in optional_steps:
            if (known := plain[name]) is None:
                del plain[name]
            else:
                plain[name] = step(known)
        for name, outer in moves:
            if name in plain:
                plain[outer] = {**plain.get(outer, {}), name: plain.pop(name)}
        return plain

    return convert


def _as_it_is(value: Any) -> Any:
    return value


def _digits_of_figures(kind: type[Struct]) -> list[int]:
    """Decimals of each field of a struct that holds nothing but numbers to round; else nothing."""
    fields = [unwrapped(hint) for _, hint in annotated_fields(kind)]
    digits = [noted["digits"] for each, noted, optional in fields if each is float and not optional]
    return digits if len(digits) == len(fields) else []


def _converter(hint: Any, rounding: bool) -> Convert | None:
    """Converter of an annotated type; None where the value is written as it is."""
    kind, noted, _ = unwrapped(hint)
    origin, arguments = get_origin(kind) or kind, get_args(kind)
    if isinstance(origin, type) and issubclass(origin, Struct):
        return _converter_of(origin, rounding)
    if rounding and noted.get("digits") is not None:
        return rounder(hint)
    if origin is Box:
        return list
    convert = _converter(arguments[-1], rounding) if origin in (Sequence, Mapping) else None
    if convert is None:
        return list if origin is Sequence else None
    if origin is Sequence:
        return lambda items: [*map(convert, items)]
    return lambda items: {name: convert(value) for name, value in items.items()}

"""Annotations that fields of several messages share, and what reads a struct's annotations."""

from typing import Annotated, Any, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct

from device.contract.geometry import Box
from device.support.described import described

MAX_INTEGER = 2**63 - 1
"""The largest whole number that a reader in any language can hold."""

PIXEL_DIGITS = 2
"""Coordinates are rounded to 0.01 px, far below a landmark's own error, which halves the message."""

SCORE_DIGITS = 3
"""Scores and signals are rounded to 0.001."""

TIME_DIGITS = 3
"""Milliseconds are rounded to a microsecond; so is every figure of `health`."""

ANGLE_DIGITS = 2
"""Angles are rounded to 0.01 degrees."""

POSITION_DIGITS = 3
"""Eye distances are rounded to 0.001, about a tenth of a millimetre."""

MONOTONIC = "ns, monotonic clock"


def annotated_fields(kind: type[Struct]) -> list[tuple[str, Any]]:
    """Names and annotated types of a struct's fields, in their order."""
    hints = get_type_hints(kind, include_extras=True)
    return [(name, hints[name]) for name in kind.__struct_fields__]


def unwrapped(hint: Any) -> tuple[Any, dict[str, Any], bool]:
    """A field's bare type, what `described` has noted of it, and whether it may be None."""
    noted: dict[str, Any] = {}
    optional = False
    while True:
        arguments = get_args(hint)
        if get_origin(hint) is Annotated:
            hint, noted = arguments[0], arguments[1].extra or {}
        elif type(None) in arguments:
            optional = True
            (hint,) = (each for each in arguments if each is not type(None))
        else:
            return hint, noted, optional


def count_of(meaning: str, unit: str) -> Meta:
    """The annotation of a whole number from 0."""
    return described(meaning, unit, ge=0, le=MAX_INTEGER)


def milliseconds(meaning: str) -> Meta:
    """The annotation of a duration."""
    return described(meaning, "ms", ge=0, digits=TIME_DIGITS)


def figure(meaning: str, unit: str, **limits: Any) -> Meta:
    """The annotation of one of the figures of `health`."""
    return described(meaning, unit, digits=TIME_DIGITS, **limits)


Edges = Annotated[
    Box, described("x_min, y_min, x_max, y_max: tight box of the landmarks", "px", digits=PIXEL_DIGITS)
]

SourceName = Annotated[
    str, described("Name of the stream, such as demo, cam0, images or video", min_length=1)
]
PublishedNs = Annotated[int, count_of("Instant just before the message was written", MONOTONIC)]
ModelIdentity = Annotated[
    str,
    described(
        "`NAME@` and the first eight hex digits of the SHA-256 of the model file in use",
        schema={"pattern": "^.+@[0-9a-f]{8}$"},
    ),
]
FileName = Annotated[
    str, described("For files only: path within the folder, or `FILE#INDEX` of a video's frame", min_length=1)
]

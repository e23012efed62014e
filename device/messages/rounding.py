"""Numbers rounded to the decimals that a field's annotation asks for."""

from collections.abc import Callable, Mapping
from functools import cache
from itertools import repeat
from typing import Any, get_origin

import numpy as np
from msgspec import Struct
from msgspec.structs import astuple, force_setattr
from numpy.typing import NDArray

from device.contract.geometry import Box
from device.messages.fields import annotated_fields, unwrapped


def round_numbers(value: Struct) -> None:
    """Round the numbers of a struct that is just being made."""
    for (name, step), part in zip(steps_of(type(value)), astuple(value), strict=True):
        if step is not None and part is not None:
            force_setattr(value, name, step(part))


Round = Callable[[Any], Any]


@cache
def steps_of(kind: type[Struct]) -> list[tuple[str, Round | None]]:
    """Each field of a struct with what rounds it."""
    return [(name, rounder(hint)) for name, hint in annotated_fields(kind)]


def rounder(hint: Any) -> Round | None:
    """What rounds a field of this annotated type; None where it holds no number to round."""
    kind, noted, _ = unwrapped(hint)
    origin, digits = get_origin(kind) or kind, noted.get("digits")
    if isinstance(origin, type) and issubclass(origin, Struct):
        return _rounded_struct if any(step for _, step in steps_of(origin)) else None
    return None if digits is None else _NUMBERS[origin](digits)


def _rounded_struct(value: Struct) -> Struct:
    parts = zip(steps_of(type(value)), astuple(value), strict=True)
    return type(value)(*(part if step is None or part is None else step(part) for (_, step), part in parts))


def _round_array(digits: int) -> Round:
    factor = 10.0**digits

    def round_array(values: NDArray[np.floating]) -> NDArray[np.floating]:
        # What np.round does, but without its overhead. orjson wants C order; adding 0 makes 0 of -0.
        rounded = np.ascontiguousarray(values) * factor
        np.rint(rounded, rounded)
        rounded /= factor
        rounded += 0.0
        return rounded

    return round_array


_NUMBERS: dict[Any, Callable[[int], Round]] = {
    float: lambda digits: lambda number: round(float(number), digits),
    tuple: lambda digits: lambda numbers: tuple(map(round, numbers, repeat(digits))),
    Box: lambda digits: lambda box: Box(*(edge + 0.0 for edge in map(round, box, repeat(digits)))),
    Mapping: lambda digits: (
        lambda numbers: {name: round(number, digits) + 0.0 for name, number in numbers.items()}
    ),
    list: _round_array,
}
"""What rounds each type that holds numbers, given the decimals; a list is an array in memory."""

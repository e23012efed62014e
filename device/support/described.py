"""What a field of a message carries beside its Python type: meaning, unit, limits, rounding.

The messages are msgspec structs whose fields are annotated with `described(...)`. From these annotations come
the encoder's rounding, the decoder's checks, the JSON Schema and every table of fields: nothing is written
twice.
"""

from typing import Any

from msgspec import Meta


def described(
    meaning: str,
    unit: str = "",
    *,
    digits: int | None = None,
    schema: dict[str, Any] | None = None,
    late: bool = False,
    inside: str = "",
    **limits: Any,
) -> Meta:
    """The annotation of a field.

    Args:
        meaning: one sentence, without its full stop.
        unit: of its numbers, as the tables print it.
        digits: decimals that its numbers are rounded to when they are sent.
        schema: further keys of its JSON Schema.
        late: whether it is missing in recordings of the first versions, though it is always sent now.
        inside: key of the object beside it in which it stands in the stream.
        limits: of its values, by msgspec's names: ge, le, gt, min_length, pattern, ...
    """
    return Meta(
        description=f"{meaning}; unit: {unit}." if unit else f"{meaning}.",
        extra={"meaning": meaning, "unit": unit, "digits": digits, "late": late, "inside": inside},
        extra_json_schema=schema,
        **limits,
    )

"""The `selftest` message: the report of `landmarks selftest --publish SINK`."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import Struct

from device.messages.base import StreamMessage
from device.messages.fields import PublishedNs
from device.support.described import described


class CheckResult(Struct, frozen=True):
    """One check of the self-test, and its result."""

    name: Annotated[str, described("What was checked", min_length=1)]
    passed: Annotated[bool, described("Whether the result is as it should be")]
    got: Annotated[str, described("What was found")]
    wanted: Annotated[str, described("What should have been found")]
    remedy: Annotated[str, described("What to do about it; empty where it passed")] = ""


class SelftestMessage(StreamMessage, frozen=True, kw_only=True, tag="selftest"):
    """Result of the self-test; sent only when it is asked to publish, never by the daemon."""

    published_ns: PublishedNs
    passed: Annotated[bool, described("Whether every check passed")]
    model: Annotated[str, described("As in `frame`")]
    board: Annotated[str, described("What the board calls itself")]
    processor: Annotated[
        str | None, described("Name of the processor, and whether it has int8 dot products")
    ] = None
    governor: Annotated[
        str | None, described("Governor of the processor's clock; left out where the machine does not say")
    ] = None
    temperature_c: Annotated[
        float | None, described("Temperature of the processor at the end", "degrees Celsius")
    ] = None
    checks: Annotated[Sequence[CheckResult], described("Every check, in the order in which they ran")]
    figures: Annotated[
        Mapping[str, Any], described("What was measured; milliseconds where a key ends in `_ms`")
    ]

"""The `selftest` message: what `python -m device selftest --publish SINK` found."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import Struct

from device.messages.base import StreamMessage
from device.messages.fields import (
    PublishedNs,
)
from device.support.described import described


class CheckResult(Struct, frozen=True):
    """One thing that the self-test looks at, and the result."""

    name: Annotated[str, described("What was looked at", min_length=1)]
    passed: Annotated[bool, described("Whether it is as it should be")]
    got: Annotated[str, described("What was seen")]
    wanted: Annotated[str, described("What should have been seen")]
    remedy: Annotated[str, described("What to do about it; empty where it passed")] = ""


class SelftestMessage(StreamMessage, frozen=True, kw_only=True, tag="selftest"):
    """Result of the self-test; sent only when it is asked to publish, never by the daemon."""

    published_ns: PublishedNs
    passed: Annotated[bool, described("Whether every check passed")]
    model: Annotated[str, described("As in `frame`")]
    board: Annotated[str, described("What the board calls itself")]
    governor: Annotated[
        str | None, described("Who chooses the processor's clock; left out where the machine does not tell")
    ] = None
    temperature_c: Annotated[
        float | None, described("Temperature of the processor at the end", "degrees Celsius")
    ] = None
    checks: Annotated[Sequence[CheckResult], described("Every check, in the order of the work")]
    figures: Annotated[
        Mapping[str, Any], described("What was measured; milliseconds where a key ends in `_ms`")
    ]

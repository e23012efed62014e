"""The `health` message: figures of the device since its start and since the last such message."""

import time
from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Struct

from device.messages.base import StreamMessage
from device.messages.fields import (
    count_of,
    figure,
)
from device.support.condition import Condition
from device.support.described import described

OF_THE_KEY = "of the key"


class Percentiles(Struct, frozen=True):
    """Percentiles of a distribution, in the unit that the key names."""

    p50: Annotated[float, figure("The median", OF_THE_KEY)]
    p95: Annotated[float, figure("The 95th percentile", OF_THE_KEY)]
    p99: Annotated[float, figure("The 99th percentile", OF_THE_KEY)]


class Health(StreamMessage, frozen=True, tag="health"):
    """Figures of the device, sent at intervals. A figure that is not known is left out."""

    monotonic_ns: Annotated[
        int,
        count_of(
            "The clock of `captured_ns` and `published_ns`, read at the same instant as `utc_ns`",
            "ns, monotonic clock",
        ),
    ]
    utc_ns: Annotated[int, count_of("UTC, read at the same instant as `monotonic_ns`", "ns since 1970")]
    uptime_s: Annotated[float, figure("Time since the daemon's start", "s", ge=0)]
    frames: Annotated[int, count_of("`frame` messages since the start", "messages")]
    skipped: Annotated[
        int, count_of("Frames captured but replaced by a newer one, since the start", "frames")
    ]
    unreadable: Annotated[int, count_of("`error` messages since the start", "messages")]
    fps: Annotated[float, figure("`frame` messages since the last `health`", "1/s", ge=0)] | None = None
    latency_ms_p50: (
        Annotated[float, figure("Median of `published_ns - captured_ns` since the last `health`", "ms", ge=0)]
        | None
    ) = None
    latency_ms_p95: Annotated[float, figure("95th percentile of the same", "ms", ge=0)] | None = None
    rss_mb: Annotated[float, figure("Resident memory of the process", "10^6 bytes", ge=0)] | None = None
    latency_ms_p99: Annotated[float, figure("99th percentile of the same latency", "ms", ge=0)] | None = None
    fps_captured: (
        Annotated[
            float,
            figure(
                "Frames that the source had, handled and skipped together, since the last `health`",
                "1/s",
                ge=0,
            ),
        ]
        | None
    ) = None
    fps_skipped: Annotated[float, figure("Frames skipped since the last `health`", "1/s", ge=0)] | None = None
    stages_ms: Annotated[
        Mapping[str, Percentiles] | None, described("Each stage of `timing_ms` since the last `health`", "ms")
    ] = None
    round_trip_ms: Annotated[
        Percentiles | None,
        described("From capture through the broker and back, since the last `health`", "ms"),
    ] = None
    temperature_c: Annotated[float | None, figure("Temperature of the processor", "degrees Celsius")] = None
    throttled: Annotated[
        Sequence[str] | None,
        described(
            "What holds a Raspberry Pi's processor back now: `under_voltage`, `frequency_capped`, "
            "`throttled`, `soft_temperature_limit`; empty: nothing"
        ),
    ] = None
    throttled_since_boot: Annotated[
        Sequence[str] | None, described("What has held it back at some time since boot")
    ] = None
    restarts: Annotated[
        Mapping[str, Annotated[int, count_of("Restarts", "times")]] | None,
        described("How often `camera`, `inference` and `broker` were lost and came back", "times"),
    ] = None
    camera: Annotated[Condition | None, described("As in the last `status`")] = None
    inference: Annotated[Condition | None, described("As in the last `status`")] = None
    broker: Annotated[Condition | None, described("As in the last `status`")] = None
    model: Annotated[str | None, described("As in `frame`")] = None


def clock_pair() -> tuple[int, int]:
    """(monotonic_ns, utc_ns) of one instant: UTC is read between two readings of the other clock."""
    before = time.monotonic_ns()
    utc_ns = time.time_ns()
    return (before + time.monotonic_ns()) // 2, utc_ns

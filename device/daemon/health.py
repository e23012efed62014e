"""Figures of the daemon, gathered from its own stream and published as `health` messages."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import asdict

from device.messages import messages as events
from device.messages.messages import PARTS
from device.support import machine
from device.support.condition import State
from device.support.machine import resident_mb

FRAMES_KEPT = 3000
"""Newest frame messages that the percentiles are taken over: ten seconds of a fast camera."""

PERCENTILES = (50, 95, 99)
"""What is published of a distribution."""


def percentiles(values: Iterable[float]) -> events.Percentiles | None:
    """p50, p95 and p99 of some figures, linear between neighbours; None when there are none.

    Not numpy's own: its first call loads numpy.ma, which holds a running stream up for some 60 ms.
    """
    ordered = np.sort(np.fromiter(values, np.float64))
    if not ordered.size:
        return None
    places = np.array(PERCENTILES) / 100 * (ordered.size - 1)
    return events.Percentiles(*np.interp(places, np.arange(ordered.size), ordered).tolist())


class HealthLog:
    """Notes every message of one stream and makes a `health` message of them when asked."""

    def __init__(
        self, source: str, clock: Callable[[], float] = time.monotonic, root: Path = machine.ROOT
    ) -> None:
        """Start counting, and the uptime.

        Args:
            source: the stream's name.
            clock: monotonic seconds.
            root: of the file tree from which the machine's temperature is read.
        """
        self._source, self._clock, self._root = source, clock, root
        self._begun = self._reported = clock()
        self._frames_reported = self._skipped_reported = 0
        self._kept: deque[tuple[float, events.TimingMs]] = deque(maxlen=FRAMES_KEPT)
        self._status: events.Status | None = None
        self._restarts: Counter[str] = Counter(dict.fromkeys(PARTS, 0))
        self._model: str | None = None
        self.frames = 0
        """Frame messages so far."""
        self.unreadable = 0
        """Error messages so far."""

    def note(self, message: events.Message) -> None:
        """Count a message that has just been published."""
        if isinstance(message, events.FrameMessage):
            self.frames += 1
            self._model = message.model
            self._kept.append(((message.published_ns - message.captured_ns) / 1e6, message.timing_ms))
        elif isinstance(message, events.ErrorMessage):
            self.unreadable += 1
        elif isinstance(message, events.Status):
            self._note_status(message)

    def _note_status(self, status: events.Status) -> None:
        """Count the parts that have come back."""
        if self._status is not None:
            for part in PARTS:
                was, now = getattr(self._status, part).state, getattr(status, part).state
                self._restarts[part] += was == State.LOST and now != State.LOST
        self._status = status

    @property
    def silent_seconds(self) -> float:
        """Since the last `report`, or since the start."""
        return self._clock() - self._reported

    def report(self, skipped: int, round_trips_ms: Iterable[float] = ()) -> events.Health:
        """The figures since the start, and those since the last report.

        Args:
            skipped: frames that the source has dropped since the start.
            round_trips_ms: of messages from capture through the broker and back, since the last report.
        """
        now = self._clock()
        monotonic_ns, utc_ns = events.clock_pair()
        health = events.Health(
            source=self._source,
            monotonic_ns=monotonic_ns,
            utc_ns=utc_ns,
            uptime_s=now - self._begun,
            frames=self.frames,
            skipped=skipped,
            unreadable=self.unreadable,
            rss_mb=resident_mb(),
            round_trip_ms=percentiles(round_trips_ms),
            restarts=dict(self._restarts),
            model=self._model,
            **self._rates(now - self._reported, skipped - self._skipped_reported),
            **self._latencies(),
            **_board_figures(self._root),
            **({} if self._status is None else {part: getattr(self._status, part) for part in PARTS}),
        )
        self._reported, self._frames_reported, self._skipped_reported = now, self.frames, skipped
        self._kept.clear()
        return health

    def _rates(self, elapsed: float, skipped: int) -> dict[str, Any]:
        """Frames a second since the last report; nothing when there were none."""
        frames = self.frames - self._frames_reported
        if not frames or elapsed <= 0:
            return {}
        return {
            "fps": frames / elapsed,
            "fps_captured": (frames + skipped) / elapsed,
            "fps_skipped": skipped / elapsed,
        }

    def _latencies(self) -> dict[str, Any]:
        """Percentiles since the last report; nothing when there were no frames."""
        latency = percentiles(latency_ms for latency_ms, _ in self._kept)
        if latency is None:
            return {}
        stages = [asdict(timing) for _, timing in self._kept]
        return {
            **{f"latency_ms_{name}": value for name, value in asdict(latency).items()},
            "stages_ms": {name: percentiles(stage[name] for stage in stages) for name in stages[0]},
        }


def _board_figures(root: Path) -> dict[str, Any]:
    """Temperature and throttling, as far as the machine reports them."""
    word = machine.throttle_word(root)
    throttled = (
        {}
        if word is None
        else {
            "throttled": machine.throttled_now(word),
            "throttled_since_boot": machine.throttled_since_boot(word),
        }
    )
    return {"temperature_c": machine.temperature_c(root), **throttled}

"""Latency budget: step down when the device is too slow, and up again only after it was fast for long."""

from collections import deque

from device.inference.settings import BudgetSettings

WINDOW = 60
"""Messages over whose latency the median is taken."""

MAX_CALM_SECONDS = 600.0
"""Upper limit of the time without excess before a step up."""


class Budget:
    """Counts how many steps down the device is."""

    def __init__(self, settings: BudgetSettings, steps: int) -> None:
        """Start at the top.

        Args:
            settings: the limits.
            steps: how far down it can go.
        """
        self._settings, self._steps = settings, steps
        self.level = 0
        """Steps down."""
        self.median_ms = 0.0
        """Of the window in which the last step was taken."""
        self._latencies_ms: deque[float] = deque(maxlen=WINDOW)
        self._stable_since: float | None = None
        self._stable_seconds = settings.resume_seconds
        self._rose_at = float("-inf")

    def note(self, latency_ms: float, now: float) -> bool:
        """Record one message's latency.

        Args:
            latency_ms: capture to message.
            now: monotonic seconds.

        Returns:
            Whether the level has changed.
        """
        if not self._settings.latency_ms:
            return False
        self._latencies_ms.append(latency_ms)
        # Once a window: a median costs more than a frame should.
        if len(self._latencies_ms) < WINDOW:
            return False
        window_ms = sorted(self._latencies_ms)[WINDOW // 2]
        self._latencies_ms.clear()
        return self._judge(window_ms, now)

    def _judge(self, median_ms: float, now: float) -> bool:
        if median_ms > self._settings.latency_ms:
            self._stable_since = None
            return self._step_down(median_ms, now)
        if self.level == 0 or median_ms > self._settings.latency_ms * self._settings.resume_share:
            self._stable_since = None
            return False
        if self._stable_since is None:
            self._stable_since = now
        if now - self._stable_since < self._stable_seconds:
            return False
        self.level, self.median_ms = self.level - 1, median_ms
        self._stable_since, self._rose_at = None, now
        return True

    def _step_down(self, median_ms: float, now: float) -> bool:
        if self.level >= self._steps:
            return False
        if now - self._rose_at < self._stable_seconds:
            self._stable_seconds = min(2 * self._stable_seconds, MAX_CALM_SECONDS)
        self.level, self.median_ms = self.level + 1, median_ms
        return True

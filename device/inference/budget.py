"""When the device is too slow: one step down at a time, and up again only after a long good while."""

from collections import deque
from statistics import median

from device.inference.settings import BudgetSettings

WINDOW = 60
"""Messages over whose latency the median is taken."""

LONGEST_CALM_SECONDS = 600.0
"""The longest that a good while can become."""


class Budget:
    """How many steps down the device is."""

    def __init__(self, settings: BudgetSettings, steps: int) -> None:
        """At the top.

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
        self._calm_since: float | None = None
        self._calm_seconds = settings.resume_seconds
        self._rose_at = float("-inf")

    def note(self, latency_ms: float, now: float) -> bool:
        """Take in one message's latency.

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
        middle = median(self._latencies_ms)
        self._latencies_ms.clear()
        return self._judge(middle, now)

    def _judge(self, middle_ms: float, now: float) -> bool:
        if middle_ms > self._settings.latency_ms:
            self._calm_since = None
            return self._step_down(middle_ms, now)
        if self.level == 0 or middle_ms > self._settings.latency_ms * self._settings.resume_share:
            self._calm_since = None
            return False
        if self._calm_since is None:
            self._calm_since = now
        if now - self._calm_since < self._calm_seconds:
            return False
        self.level, self.median_ms = self.level - 1, middle_ms
        self._calm_since, self._rose_at = None, now
        return True

    def _step_down(self, middle_ms: float, now: float) -> bool:
        if self.level >= self._steps:
            return False
        if now - self._rose_at < self._calm_seconds:
            self._calm_seconds = min(2 * self._calm_seconds, LONGEST_CALM_SECONDS)
        self.level, self.median_ms = self.level + 1, middle_ms
        return True

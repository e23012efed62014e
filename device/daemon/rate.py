"""A limit to the rate of the frames that are handled."""

TOLERANCE = 0.25
"""Fraction of a period by which a frame may come early: cameras jitter, and the next one would be late."""


class RateLimit:
    """Lets through at most so many frames a second, evenly."""

    def __init__(self) -> None:
        self._due_ns: float = 0.0
        self.skipped = 0
        """Frames that were not let through."""

    def passes(self, captured_ns: int, fps: float | None) -> bool:
        """Whether a frame is to be handled.

        Args:
            captured_ns: monotonic nanoseconds, rising.
            fps: the limit, which may change at any time; None for all frames.
        """
        if fps is None:
            return True
        period_ns = 1e9 / fps
        if self._due_ns - period_ns * TOLERANCE > captured_ns >= self._due_ns - 2 * period_ns:
            self.skipped += 1
            return False
        # Steps of the period keep the mean rate; a stream that paused begins anew.
        on_time = captured_ns < self._due_ns + period_ns
        self._due_ns = (self._due_ns if on_time and self._due_ns else captured_ns) + period_ns
        return True

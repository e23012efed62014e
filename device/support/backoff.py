"""How long to wait before something that has failed is tried again."""

FIRST_SECONDS = 0.1
LONGEST_SECONDS = 1.0


class BackOff:
    """Pauses that double with each failure in a row, up to a longest one."""

    def __init__(
        self, first: float = FIRST_SECONDS, longest: float = LONGEST_SECONDS, stable_seconds: float = 0.0
    ) -> None:
        """Pauses in seconds.

        Args:
            first: the pause after the first failure.
            longest: no pause is longer.
            stable_seconds: what worked for a shorter time before it failed counts as one more failure in
                a row, so that something which works only for a moment is not tried without end.
        """
        self._first, self._longest, self._stable_seconds = first, longest, stable_seconds
        self.failures = 0
        """Failures in a row."""

    def failed(self, worked_seconds: float | None = None) -> float:
        """Count a failure and return the pause before the next attempt, in seconds.

        Args:
            worked_seconds: how long it had worked before; None: not at all.
        """
        if worked_seconds is not None and worked_seconds >= self._stable_seconds:
            self.reset()
        # 2.0 ** 1024 overflows; no pause needs so many doublings.
        pause = min(self._first * 2.0 ** min(self.failures, 32), self._longest)
        self.failures += 1
        return pause

    def reset(self) -> None:
        """Start again with the first pause."""
        self.failures = 0

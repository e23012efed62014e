"""Blinks: an eye that closes and opens again soon."""

CLOSED = 0.35
"""Opening below which an eye counts as closed ..."""

OPEN = 0.6
"""... and above which it counts as open again: noise between the two has no effect."""

MAX_SECONDS = 0.5
"""Longest blink; an eye that was closed for longer does not count as one when it opens."""


class BlinkCount:
    """Counts the blinks of one eye."""

    def __init__(self) -> None:
        self.count = 0
        self._closed_at: float | None = None

    def note(self, opening: float, seconds: float) -> None:
        """Take in one more measurement.

        Args:
            opening: 0 closed, 1 as at rest; not smoothed, or short blinks would be lost.
            seconds: of any steady clock.
        """
        if self._closed_at is None:
            if opening < CLOSED:
                self._closed_at = seconds
        elif opening > OPEN:
            self.count += seconds - self._closed_at <= MAX_SECONDS
            self._closed_at = None

    def forget(self) -> None:
        """The eye was not seen for a while: a blink in progress does not count."""
        self._closed_at = None

"""Blinks: an eye that closes and opens again soon."""

CLOSED = 0.35
"""Opening below which an eye counts as closed ..."""

OPEN = 0.6
"""... and above which it counts as open again: noise between the two counts for nothing."""

LONGEST_SECONDS = 0.5
"""Of a blink; an eye closed for longer is closed, and opens without having blinked."""


class BlinkCount:
    """Of one eye."""

    def __init__(self) -> None:
        """An open eye that has not blinked."""
        self.count = 0
        self._closed_at: float | None = None

    def note(self, opening: float, seconds: float) -> None:
        """See the eye once more.

        Args:
            opening: 0 closed, 1 as at rest; not smoothed, or short blinks would be lost.
            seconds: of any steady clock.
        """
        if self._closed_at is None:
            if opening < CLOSED:
                self._closed_at = seconds
        elif opening > OPEN:
            self.count += seconds - self._closed_at <= LONGEST_SECONDS
            self._closed_at = None

    def forget(self) -> None:
        """The eye was not seen for a while: what it did is not known."""
        self._closed_at = None

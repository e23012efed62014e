"""Whether the broker keeps up: four times a second it is asked something that it answers in its turn.

The kernels between us and a stalled broker take seconds of frames before they refuse one, and the
broker would read all of them, old, before the newest. So frames are held back while an answer is
overdue. The question is an UNSUBSCRIBE from a topic that nobody has subscribed to: every broker
answers it, after what came before it and without doing anything (MQTT 5, 3.10 and 3.11).
"""

from collections.abc import Callable

EVERY_SECONDS = 0.25
"""Between two questions, once the first is answered."""

OVERDUE_SECONDS = 0.5
"""While an answer takes longer, frames are held back; what is on its way is at most this much older."""


class Pulse:
    """One question at a time."""

    def __init__(self, ask: Callable[[], int | None]) -> None:
        """Prepare.

        Args:
            ask: sends the question and returns its number; None when it could not be sent.
        """
        self._ask = ask
        self._asked: int | None = None
        self._asked_at = 0.0

    def reset(self) -> None:
        """A new connection owes no answer."""
        self._asked, self._asked_at = None, 0.0

    def turn(self, now: float) -> None:
        """Ask when it is time; `now` in monotonic seconds."""
        if self._asked is None and now - self._asked_at >= EVERY_SECONDS:
            self._asked, self._asked_at = self._ask(), now

    def on_answer(self, number: int) -> None:
        """The broker has come as far as this question."""
        if number == self._asked:
            self._asked = None

    def on_arrival(self, now: float) -> None:
        """A message has arrived: the answer waits behind it, so it is we who are behind, not the broker."""
        if self._asked is not None:
            self._asked_at = now

    def waiting_seconds(self, now: float) -> float:
        """How long we have been waiting for an answer; 0 when we are not."""
        return 0.0 if self._asked is None else now - self._asked_at

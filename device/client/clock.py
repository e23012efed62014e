"""How the device's clock relates to this machine's."""

import math
from collections import deque

PINGS_KEPT = 16
"""The shortest of them says most."""

FASTEST_MS = 1.0
"""Without pings a message is taken to have come this fast at its fastest."""

WINDOW_MS = 20_000.0
"""Over which one-way messages are compared: clocks drift apart."""


class DeviceClock:
    """The offset that turns our monotonic milliseconds into the device's.

    Each ping gives an offset that is wrong by half its round trip at most (Cristian 1989), so the shortest
    of the last ones counts. Where the way has no echo (a broker, a recording) a message cannot arrive before
    it was published: the largest `published - received` comes within its delay of the truth.
    """

    def __init__(self) -> None:
        """Nothing is known."""
        self._pings: deque[tuple[float, float]] = deque(maxlen=PINGS_KEPT)
        self._one_way: deque[tuple[float, float]] = deque()

    def reset(self) -> None:
        """Forget everything: another device, or the same one started again."""
        self._pings.clear()
        self._one_way.clear()

    def add_ping(self, sent: float, received: float, device: float) -> None:
        """Take in the answer to a ping; milliseconds, `device` by the device's clock."""
        if received >= sent:
            self._pings.append((received - sent, device - (sent + received) / 2))

    def add_message(self, published: float, received: float) -> None:
        """Take in when a message was published, by the device's clock, and when it came, by ours."""
        offset = published - received + FASTEST_MS
        # Only what may still become the largest within the window is worth keeping.
        while self._one_way and self._one_way[-1][1] <= offset:
            self._one_way.pop()
        self._one_way.append((received, offset))
        while self._one_way[0][0] < received - WINDOW_MS:
            self._one_way.popleft()

    @property
    def offset(self) -> float:
        """Milliseconds to add to our clock for the device's; NaN while nothing is known."""
        if self._pings:
            return min(self._pings)[1]
        return self._one_way[0][1] if self._one_way else math.nan

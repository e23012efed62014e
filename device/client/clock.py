"""The offset between the device's clock and this machine's."""

import math
from collections import deque

PINGS_KEPT = 16
"""Number of pings that the shortest is chosen from."""

FASTEST_MS = 1.0
"""Assumed transit time of the fastest message, where there are no pings."""

WINDOW_MS = 20_000.0
"""Window over which one-way messages are compared; clocks drift apart over longer times."""


class DeviceClock:
    """The offset that turns our monotonic milliseconds into the device's.

    Each ping gives an offset that is wrong by half its round trip at most (Cristian 1989), so the shortest
    of the last ones counts. Where the transport has no echo (a broker, a recording) a message cannot arrive
    before it was published: the largest `published - received` is true to within that message's delay.
    """

    def __init__(self) -> None:
        self._pings: deque[tuple[float, float]] = deque(maxlen=PINGS_KEPT)
        self._one_way: deque[tuple[float, float]] = deque()

    def reset(self) -> None:
        """Forget everything; for another device, or the same one after a restart."""
        self._pings.clear()
        self._one_way.clear()

    def add_ping(self, sent: float, received: float, device: float) -> None:
        """Add the answer to a ping; all in milliseconds, `device` by the device's clock."""
        if received >= sent:
            self._pings.append((received - sent, device - (sent + received) / 2))

    def add_message(self, published: float, received: float) -> None:
        """Add a message: when it was published by the device's clock, when it was received by ours."""
        offset = published - received + FASTEST_MS
        # Keep only what may still become the largest within the window.
        while self._one_way and self._one_way[-1][1] <= offset:
            self._one_way.pop()
        self._one_way.append((received, offset))
        while self._one_way[0][0] < received - WINDOW_MS:
            self._one_way.popleft()

    @property
    def offset(self) -> float:
        """Milliseconds to add to our clock to get the device's; NaN while unknown."""
        if self._pings:
            return min(self._pings)[1]
        return self._one_way[0][1] if self._one_way else math.nan

"""An outage in the log: where the broker is the only sink, nothing else can tell of it."""

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

REPEAT_SECONDS = 600.0
"""After this long the same cause is logged again."""

PEACE_SECONDS = 60.0
"""A connection that lasted this long ends an outage: the next cause is logged at once."""


class OutageLog:
    """Logs each cause of an outage at once, and then rarely, however often the connection comes and goes."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._clock = name, clock
        self._due: dict[str, float] = {}
        """When each cause may be logged again."""
        self._connected_at: float | None = None

    def lost(self, reason: str) -> None:
        """There is no connection."""
        now = self._clock()
        if self._connected_at is not None and now - self._connected_at >= PEACE_SECONDS:
            self._due.clear()
        self._connected_at = None
        if now >= self._due.get(reason, now):
            self._due[reason] = now + REPEAT_SECONDS
            log.warning("%s: %s; trying again", self._name, reason)

    def connected(self) -> None:
        """There is a connection again."""
        if self._connected_at is None and self._due:
            log.info("%s: connected", self._name)
        self._connected_at = self._clock()

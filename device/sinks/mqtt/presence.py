"""The retained topics `faces` and `camera`: how many faces are in view, and whether frames come at all."""

import time
from collections.abc import Callable
from threading import Lock

from device.sinks.mqtt.outbox import Outbox, Publication

CHANGE_SECONDS = 0.5
"""A new number of faces is published at most this often."""

REPEAT_SECONDS = 10.0
"""The number is published again after this long without a change, so that it need not be trusted for ever."""

EXPIRE_SECONDS = 30.0
"""When a subscriber should no longer trust the number: three repetitions."""


class Presence:
    """Keeps both topics up to date, for the daemon's loop and for the link's thread."""

    def __init__(self, topic: str, outbox: Outbox, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without frames.

        Args:
            topic: what the topics of the device begin with.
            outbox: where publications go.
            clock: monotonic seconds.
        """
        self._topic, self._outbox, self._clock = topic, outbox, clock
        self._lock = Lock()
        self._faces, self._seeing = 0, False
        self._published_at = -float("inf")

    def note_faces(self, faces: int) -> None:
        """A frame has come, with so many faces."""
        with self._lock:
            since = self._clock() - self._published_at
            changed = faces != self._faces and since >= CHANGE_SECONDS
            if not self._seeing or changed or since >= REPEAT_SECONDS:
                self._publish(faces, seeing=True)

    def note_outage(self) -> None:
        """No frames come: nobody knows of any face."""
        with self._lock:
            if self._seeing:
                self._publish(0, seeing=False)

    def repeat(self) -> None:
        """Publish both again: a broker that has restarted may have forgotten them."""
        with self._lock:
            self._publish(self._faces, self._seeing)

    def _publish(self, faces: int, seeing: bool) -> None:
        self._faces, self._seeing, self._published_at = faces, seeing, self._clock()
        for name, payload in (("faces", b"%d" % faces), ("camera", b"online" if seeing else b"offline")):
            self._outbox.put_newest(Publication(f"{self._topic}/{name}", payload, reliable=True, retain=True))

"""What waits for a slow way out: the newest of each topic, and a few events; never a growing queue."""

import socket
from collections import deque
from dataclasses import dataclass
from threading import Lock

EVENTS_KEPT = 256
"""Events that wait at most; then the oldest is dropped. At a few hundred bytes each, under 0.1 MB."""


@dataclass(frozen=True)
class Parcel:
    """One message for one topic."""

    topic: str
    """Where it goes."""
    payload: bytes
    """What is sent."""
    reliable: bool = False
    """Whether the broker must confirm it (QoS 1)."""
    retain: bool = False
    """Whether the broker keeps it for those who come later."""


class Outbox:
    """Filled by the daemon's loop, emptied by the sender's thread, which `wake_fd` rouses."""

    def __init__(self) -> None:
        """Empty."""
        self._lock = Lock()
        self._slots: dict[str, Parcel] = {}
        self._events: deque[Parcel] = deque(maxlen=EVENTS_KEPT)
        self._sleeper, self._rouser = socket.socketpair()
        self._sleeper.setblocking(False)
        self._rouser.setblocking(False)
        self._roused = False
        self.replaced = 0
        """Parcels that a newer one of their topic has replaced."""
        self.dropped_events = 0
        """Events that found no room."""

    def put_newest(self, parcel: Parcel) -> None:
        """Replace whatever waits for this topic."""
        with self._lock:
            self.replaced += parcel.topic in self._slots
            # Anew at the end: topics take turns, none starves another.
            self._slots.pop(parcel.topic, None)
            self._slots[parcel.topic] = parcel
        self.rouse()

    def put_event(self, parcel: Parcel) -> None:
        """Queue what a newer message must not replace; the oldest gives way when there is no room."""
        with self._lock:
            self.dropped_events += len(self._events) == EVENTS_KEPT
            self._events.append(parcel)
        self.rouse()

    def forget(self, topic: str) -> None:
        """Drop what waits for a topic."""
        with self._lock:
            self._slots.pop(topic, None)

    def take(self, *, reliable: bool) -> Parcel | None:
        """What is to be sent next, events first; None when there is nothing.

        Args:
            reliable: whether parcels that must be confirmed may be taken now.
        """
        with self._lock:
            if self._events and (reliable or not self._events[0].reliable):
                return self._events.popleft()
            for topic, parcel in self._slots.items():
                if reliable or not parcel.reliable:
                    return self._slots.pop(topic)
        return None

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        with self._lock:
            return not (self._events or self._slots)

    @property
    def wake_fd(self) -> int:
        """Readable after something was put in, until `settle`."""
        return self._sleeper.fileno()

    def rouse(self) -> None:
        """Wake the sender."""
        with self._lock:
            if not self._roused:
                self._roused = True
                self._rouser.send(b"\0")

    def settle(self) -> None:
        """The sender is awake and is about to look."""
        with self._lock:
            if self._roused:
                self._roused = False
                self._sleeper.recv(1)

    def close(self) -> None:
        """Let go of the two ends; nothing may be put in afterwards."""
        self._sleeper.close()
        self._rouser.close()

"""What waits to be sent: the newest publication of each topic, and a few events; never a growing queue."""

import socket
from collections import deque
from dataclasses import dataclass
from threading import Lock

EVENTS_KEPT = 256
"""Events that may wait; then the oldest is dropped. At a few hundred bytes each, under 0.1 MB."""


@dataclass(frozen=True)
class Publication:
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
    """Filled by the daemon's loop, emptied by the sending thread, which `wake_fd` wakes."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._slots: dict[str, Publication] = {}
        self._events: deque[Publication] = deque(maxlen=EVENTS_KEPT)
        self._read_end, self._write_end = socket.socketpair()
        self._read_end.setblocking(False)
        self._write_end.setblocking(False)
        self._awake = False
        self.replaced = 0
        """Publications that a newer one of their topic has replaced."""
        self.dropped_events = 0
        """Events that found no room."""

    def put_newest(self, publication: Publication) -> None:
        """Replace whatever waits for this topic."""
        with self._lock:
            self.replaced += publication.topic in self._slots
            # Anew at the end: topics take turns, none starves another.
            self._slots.pop(publication.topic, None)
            self._slots[publication.topic] = publication
        self.wake()

    def put_event(self, publication: Publication) -> None:
        """Queue what a newer message must not replace; the oldest is dropped when there is no room."""
        with self._lock:
            self.dropped_events += len(self._events) == EVENTS_KEPT
            self._events.append(publication)
        self.wake()

    def forget(self, topic: str) -> None:
        """Drop what waits for a topic."""
        with self._lock:
            self._slots.pop(topic, None)

    def take(self, *, reliable: bool) -> Publication | None:
        """The next publication to send, events first; None when there is nothing.

        Args:
            reliable: whether publications that must be confirmed may be taken now.
        """
        with self._lock:
            if self._events and (reliable or not self._events[0].reliable):
                return self._events.popleft()
            for topic, publication in self._slots.items():
                if reliable or not publication.reliable:
                    return self._slots.pop(topic)
        return None

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        with self._lock:
            return not (self._events or self._slots)

    @property
    def wake_fd(self) -> int:
        """Readable from `wake` until `drain`."""
        return self._read_end.fileno()

    def wake(self) -> None:
        """Wake the sending thread."""
        with self._lock:
            if not self._awake:
                self._awake = True
                self._write_end.send(b"\0")

    def drain(self) -> None:
        """The sending thread is awake: make `wake_fd` unreadable again."""
        with self._lock:
            if self._awake:
                self._awake = False
                self._read_end.recv(1)

    def close(self) -> None:
        """Close both ends; nothing may be put in afterwards."""
        self._read_end.close()
        self._write_end.close()

"""How long a frame message takes from its capture, through the broker, back to this machine.

Now and then the sink listens to its own frames for a moment. One clock reads both ends, so no clocks
need to agree; for a reader elsewhere only its own network is different.
"""

import time
from collections import deque
from threading import Lock
from typing import Protocol

import orjson

from device.sinks.mqtt.settings import MqttSettings

KEPT = 1000
"""Newest round trips that wait to be taken."""

MAX_MS = 60_000.0
"""A frame that seems to have taken longer comes from another device with another clock."""


class Listener(Protocol):
    """The part of the link that a round trip needs."""

    def subscribe(self, topic: str, qos: int = 0) -> None:
        """Subscribe to a topic."""
        ...

    def unsubscribe(self, topic: str) -> None:
        """End the subscription."""
        ...


def captured_ns_of(payload: bytes) -> int | None:
    """When the frame of a message was captured; None if the payload does not say."""
    if payload[:1] != b"{":
        from device.messages.cbor import captured_ns_of_binary

        return captured_ns_of_binary(payload)
    try:
        captured_ns = orjson.loads(payload).get("captured_ns")
    except orjson.JSONDecodeError:
        return None
    return captured_ns if isinstance(captured_ns, int) else None


class RoundTrip:
    """Every `settings.round_trip` seconds, listens until one frame has come back."""

    def __init__(self, settings: MqttSettings, link: Listener) -> None:
        self._link, self._every = link, settings.round_trip
        self._topic = f"{settings.topic}/frames"
        self._lock = Lock()
        self._trips_ms: deque[float] = deque(maxlen=KEPT)
        self._listening = False
        self._next = 0.0

    def on_online(self) -> None:
        """A new connection has no subscriptions yet."""
        self._listening = False

    def turn(self) -> None:
        """Listen when it is time; called in the link's thread."""
        now = time.monotonic()
        if self._every and not self._listening and now >= self._next:
            self._listening, self._next = True, now + self._every
            self._link.subscribe(self._topic)

    def on_frame(self, payload: bytes) -> None:
        """A frame has come back; called in the link's thread."""
        arrived_ns = time.monotonic_ns()
        captured_ns = captured_ns_of(payload)
        trip_ms = MAX_MS if captured_ns is None else (arrived_ns - captured_ns) / 1e6
        if 0 < trip_ms < MAX_MS:
            with self._lock:
                self._trips_ms.append(trip_ms)
        if self._listening:
            self._listening = False
            self._link.unsubscribe(self._topic)

    def take_ms(self) -> list[float]:
        """Those measured since the last call."""
        with self._lock:
            trips = list(self._trips_ms)
            self._trips_ms.clear()
        return trips

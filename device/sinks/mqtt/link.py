"""A connection to a broker, kept up by a thread of its own, that never holds more than a little.

paho keeps every message that does not fit the socket in a list without an end, so the link hands it
the next one only when the one before has gone; what waits stays in the outbox, where the newest wins.
The kernel's send buffer is kept small for the same reason: what lies there is already old.
"""

import select
import socket
import ssl
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from device.contract.errors import BadInputError
from device.sinks.mqtt import failures
from device.sinks.mqtt.failures import Failure
from device.sinks.mqtt.outage_log import OutageLog
from device.sinks.mqtt.outbox import Outbox, Publication
from device.sinks.mqtt.pulse import OVERDUE_SECONDS, Pulse
from device.sinks.mqtt.settings import MqttSettings
from device.support.backoff import BackOff
from device.support.condition import Condition, State
from device.support.token_bucket import TokenBucket

RECONNECT_SECONDS = (0.1, 1.0)
"""First and longest pause before connecting again."""

TAKEN_OVER_SECONDS = (5.0, 60.0)
"""The same after another client has taken over our id: each return throws that one out."""

PEACE_SECONDS = 300.0
"""After a connection of this length the next takeover starts with the first pause again."""

SHORT_SECONDS = 2.0
SHORT_CONNECTIONS = 3
"""MQTT 3.1.1 has no code for a takeover; so many short connections in a row, none refused, look like one."""

CONNECT_SECONDS = 3.0
"""Limit for the connection, and again for the broker's welcome."""

KEEPALIVE_SECONDS = 5
"""A broker that is silent for this long is asked; after as long again it counts as gone. It publishes our
last will after one and a half times as long without a sign of us."""

SEND_BUFFER_BYTES = 16 * 1024
"""Asked of the kernel, which takes twice that: a dozen frames."""

STALLED_SECONDS = 1.0
"""A broker that answers nothing for this long is reported as degraded."""

UNCONFIRMED = 20
"""Messages that may wait for the broker's confirmation."""

READ_BURST, READS_PER_SECOND = 16, 200.0
"""Messages that are read in one go, and a second. Python's threads take turns, and one that reads thousands
of small messages leaves none to the frames; the rest of a flood waits at the broker."""

THROTTLED_SECONDS = 0.05
"""How long to leave the socket alone when there were too many messages."""

TICK_SECONDS = 0.25
"""How often time-outs are checked."""

CLOSING_SECONDS = 1.0
"""Limit for sending what is left at the end."""

VERSIONS = {"5": paho.MQTTv5, "3.1.1": paho.MQTTv311}

TAKEN_OVER = "Session taken over"
"""MQTT 5's reason code 0x8E."""


class MqttLink:
    """Connects, sends what the outbox holds, receives, connects again."""

    def __init__(
        self,
        settings: MqttSettings,
        outbox: Outbox,
        *,
        on_online: Callable[[], None],
        on_message: Callable[[str, bytes, bool], None],
        on_turn: Callable[[], None],
    ) -> None:
        """Prepare; `start` connects.

        Args:
            settings: broker and credentials.
            outbox: what is to be sent.
            on_online: called in the link's thread at every connection: subscribes, fills the outbox.
            on_message: called in the link's thread with topic, payload and whether the broker had kept it.
            on_turn: called in the link's thread several times a second while connected.

        Raises:
            BadInputError: a certificate that cannot be used.
        """
        self._settings, self._outbox = settings, outbox
        self._on_online, self._on_message, self._on_turn = on_online, on_message, on_turn
        self._will = Publication(f"{settings.topic}/status", b"offline", reliable=True, retain=True)
        self._client = self._make_client()
        self._online = False
        self._unconfirmed: set[int] = set()
        self._failure = failures.NOT_CONNECTED
        self._pulse = Pulse(self._ask)
        self._reads = TokenBucket(READS_PER_SECOND, READ_BURST)
        self._reconnect = BackOff(*RECONNECT_SECONDS)
        self._after_takeover = BackOff(*TAKEN_OVER_SECONDS, stable_seconds=PEACE_SECONDS)
        self._short_connections = 0
        self._log = OutageLog(f"broker {settings.address}")
        self._end: float | None = None
        self._first_attempt = Event()
        self.refused: BadInputError | None = None
        """Set when the broker has refused us for good."""
        self.condition = Condition(State.LOST, self._failure.reason)
        """Health of the connection."""
        self._thread = Thread(target=self._run, name=f"mqtt {settings.address}", daemon=True)

    def _make_client(self) -> paho.Client:
        settings = self._settings
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id,
            protocol=VERSIONS[settings.version],
        )
        client.connect_timeout = CONNECT_SECONDS
        client.max_inflight_messages_set(UNCONFIRMED)
        if settings.user is not None:
            client.username_pw_set(settings.user, settings.password)
        if settings.tls:
            client.tls_set_context(settings.tls_context())
        client.will_set(self._will.topic, self._will.payload, qos=1, retain=True)
        client.on_socket_open = _on_socket_open
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_unsubscribe = self._on_unsubscribe
        client.on_message = self._on_arrival
        client.connect_async(settings.host, settings.port, KEEPALIVE_SECONDS)
        return client

    def start(self, wait_seconds: float) -> None:
        """Begin, and wait until the first attempt has succeeded or failed, at most so long."""
        self._thread.start()
        self._first_attempt.wait(wait_seconds)

    def close(self) -> None:
        """Send what is left, disconnect and end the thread; a lost broker is not waited for long."""
        self._end = time.monotonic() + CLOSING_SECONDS
        self._outbox.wake()
        self._thread.join(CLOSING_SECONDS + 0.5)
        if not self._thread.is_alive():
            self._outbox.close()

    @property
    def online(self) -> bool:
        """Whether there is a connection."""
        return self._online

    @property
    def died(self) -> bool:
        """Whether the thread has ended by a fault of ours."""
        return self._thread.ident is not None and not self._thread.is_alive() and self._end is None

    def subscribe(self, topic: str, qos: int = 0) -> None:
        """Subscribe to a topic; only in the link's thread, from `on_online` or `on_message`."""
        self._client.subscribe(topic, qos)

    def unsubscribe(self, topic: str) -> None:
        """End a subscription; only in the link's thread."""
        self._client.unsubscribe(topic)

    def _run(self) -> None:
        while self._end is None:
            pause = self._connect_and_serve()
            self._report_lost()
            self._sleep(pause)
        # A stalled broker has not taken the goodbye; paho closes only what it could end in order.
        if (sock := self._client.socket()) is not None:
            sock.close()

    def _connect_and_serve(self) -> float:
        """One connection from beginning to end, or none; returns the pause before the next attempt."""
        self._connect()
        if not self._online:
            self._short_connections = 0
            return self._reconnect.failed()
        begun = time.monotonic()
        self._serve()
        lasted = time.monotonic() - begun
        self._short_connections = self._short_connections + 1 if lasted < SHORT_SECONDS else 0
        if self._short_connections >= SHORT_CONNECTIONS and self._failure == failures.LOST:
            self._failure = failures.perhaps_taken_over(self._settings.client_id)
        back_off = self._after_takeover if self._failure.by_another_client else self._reconnect
        return back_off.failed(lasted)

    def _connect(self) -> None:
        """Connect, and wait for the broker's welcome."""
        self._failure = failures.closed_at_once(self._settings.version)
        try:
            self._client.reconnect()
        except OSError as error:
            self._fail(failures.failure_to_connect(error))
        deadline = time.monotonic() + CONNECT_SECONDS
        while (sock := self._client.socket()) and not self._online and self._end is None:
            self._turn(sock)
            if time.monotonic() > deadline:
                self._failure = failures.SILENT
                return

    def _serve(self) -> None:
        """Send and receive until the connection ends, or everything is sent that should be at the end."""
        while (sock := self._client.socket()) and self._online:
            self._turn(sock)
            self._on_turn()
            self._pulse.turn(time.monotonic())
            self._hand_over()
            self._check_flow()
            if self._end is not None and (self._all_sent or time.monotonic() > self._end):
                self._client.disconnect()
                return

    @property
    def _all_sent(self) -> bool:
        return self._outbox.empty and not self._unconfirmed and not self._client.want_write()

    def _turn(self, sock: Any) -> None:
        """Wait for the socket or the outbox, then let paho read and write."""
        may_read = self._reads.has_tokens
        pending = may_read and _has_pending(sock)
        wanted = (select.POLLIN if may_read else 0) | (select.POLLOUT if self._client.want_write() else 0)
        waiter = select.poll()
        waiter.register(self._outbox.wake_fd, select.POLLIN)
        waiter.register(sock, wanted)
        seconds = 0 if pending else TICK_SECONDS if may_read else THROTTLED_SECONDS
        ready = dict(waiter.poll(seconds * 1000))
        if self._outbox.wake_fd in ready:
            self._outbox.drain()
        happened = ready.get(sock.fileno(), 0)
        if pending or happened & ~select.POLLOUT:
            self._read(sock)
        if happened & select.POLLOUT:
            self._client.loop_write()
        self._client.loop_misc()

    def _read(self, sock: Any) -> None:
        """Let paho read what has arrived, at most as many messages as may be read now."""
        self._client.loop_read()
        while self._client.socket() is sock and self._reads.has_tokens and _is_readable(sock):
            self._client.loop_read()

    def _hand_over(self) -> None:
        """Give paho the next publications for as long as the broker keeps up and the socket takes them."""
        if self._pulse.waiting_seconds(time.monotonic()) > OVERDUE_SECONDS:
            return
        while self._online and not self._client.want_write():
            publication = self._outbox.take(reliable=len(self._unconfirmed) < UNCONFIRMED)
            if publication is None:
                return
            sent = self._client.publish(
                publication.topic,
                publication.payload,
                qos=int(publication.reliable),
                retain=publication.retain,
            )
            if publication.reliable:
                self._unconfirmed.add(sent.mid)

    def _sleep(self, seconds: float) -> None:
        """Unless the end has come."""
        until = time.monotonic() + seconds
        while self._end is None and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.05))

    def _check_flow(self) -> None:
        """Degraded while the broker does not keep up."""
        if self._pulse.waiting_seconds(time.monotonic()) > STALLED_SECONDS:
            reason = f"broker {self._settings.address} does not keep up; frames are held back"
            self.condition = Condition(State.DEGRADED, reason)
        else:
            self.condition = Condition()

    def _ask(self) -> int | None:
        return self._client.unsubscribe(f"{self._settings.topic}/pulse")[1]

    def _report_lost(self) -> None:
        self._online = False
        if self._end is not None:
            return
        reason = f"broker {self._settings.address}: {self._failure.reason}; connecting again"
        self.condition = Condition(State.LOST, reason)
        self._log.lost(self._failure.reason)
        self._first_attempt.set()

    def _fail(self, failure: Failure) -> None:
        self._failure = failure
        if failure.final:
            self.refused = BadInputError(f"broker {self._settings.address}: {failure.reason}")

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, code: ReasonCode, _properties: Any) -> None:
        if code.is_failure:
            self._fail(failures.refusal(code))
            return
        self._online, self.condition, self.refused = True, Condition(), None
        self._failure = failures.LOST
        self._log.connected()
        self._pulse.reset()
        self._on_online()
        self._first_attempt.set()

    def _on_disconnect(
        self, _client: Any, _data: Any, flags: Any, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if self._online and flags.is_disconnect_packet_from_server:
            taken_over = str(code) == TAKEN_OVER
            self._failure = (
                failures.taken_over(self._settings.client_id)
                if taken_over
                else Failure(f"ends the connection: {code}")
            )
        self._online = False

    def _on_publish(self, _client: Any, _data: Any, number: int, *_rest: Any) -> None:
        self._unconfirmed.discard(number)

    def _on_unsubscribe(self, _client: Any, _data: Any, number: int, *_rest: Any) -> None:
        self._pulse.on_answer(number)

    def _on_arrival(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        self._reads.spend()
        self._pulse.on_arrival(time.monotonic())
        self._on_message(message.topic, bytes(message.payload), message.retain)


def _on_socket_open(_client: Any, _data: Any, sock: Any) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    # A frame must not wait for the one before to be confirmed.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _has_pending(sock: Any) -> bool:
    """Whether TLS holds bytes that the kernel no longer knows of."""
    return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0


def _is_readable(sock: Any) -> bool:
    waiter = select.poll()
    waiter.register(sock, select.POLLIN)
    return _has_pending(sock) or bool(waiter.poll(0))

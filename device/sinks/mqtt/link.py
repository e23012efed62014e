"""A connection to a broker that is kept up by a thread of its own, and never holds more than a little.

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
from device.sinks.mqtt.outbox import Outbox, Parcel
from device.sinks.mqtt.pulse import OVERDUE_SECONDS, Pulse
from device.sinks.mqtt.settings import MqttSettings
from device.support.condition import Condition, State

BACKOFF_SECONDS = (0.1, 1.0)
"""First wait before connecting again, doubling to the second."""

CONNECT_SECONDS = 3.0
"""For the connection, and again for the broker's welcome."""

KEEPALIVE_SECONDS = 5
"""A broker that is silent for this long is asked; after as long again it is taken for gone. It tells
the others that we are gone, by the last will, after one and a half times as long."""

SEND_BUFFER_BYTES = 16 * 1024
"""Asked of the kernel, which takes twice that: a dozen frames."""

STALLED_SECONDS = 1.0
"""A broker that answers nothing for this long is told as degraded."""

UNCONFIRMED = 20
"""Messages that may wait for the broker's confirmation."""

TICK_SECONDS = 0.25
"""How often time-outs are looked at."""

CLOSING_SECONDS = 1.0
"""For sending what is left at the end."""

VERSIONS = {"5": paho.MQTTv5, "3.1.1": paho.MQTTv311}

REFUSALS = {
    "Bad user name or password": "check user and password",
    "Not authorized": "check user and password",
    "Client identifier not valid": "give the device another name",
    "Banned": "ask whoever runs the broker",
    "Bad authentication method": "check user and password",
    "Unsupported protocol version": "write ?version=3.1.1, or 5",
}
"""Why a broker says no for good, in its own words, and what to do."""


class MqttLink:
    """Connects, sends what the outbox holds, receives, connects again."""

    def __init__(
        self,
        settings: MqttSettings,
        outbox: Outbox,
        *,
        on_online: Callable[[], None],
        on_message: Callable[[str, bytes], None],
        on_turn: Callable[[], None],
    ) -> None:
        """Nothing is connected yet.

        Args:
            settings: broker and credentials.
            outbox: what is to be sent.
            on_online: called in the link's thread at every connection: subscribes, fills the outbox.
            on_message: called in the link's thread with topic and payload of what arrives.
            on_turn: called in the link's thread several times a second while connected.

        Raises:
            BadInputError: a certificate that cannot be used.
        """
        self._settings, self._outbox = settings, outbox
        self._on_online, self._on_message, self._on_turn = on_online, on_message, on_turn
        self._will = Parcel(f"{settings.topic}/status", b"offline", reliable=True, retain=True)
        self._client = self._make_client()
        self._online = False
        self._unconfirmed: set[int] = set()
        self._reason = "not connected yet"
        self._pulse = Pulse(self._ask)
        self._end: float | None = None
        self._settled = Event()
        self.refused: BadInputError | None = None
        """Set when the broker has said no for good."""
        self.condition = Condition(State.LOST, self._reason)
        """How the link does."""
        self._thread = Thread(target=self._run, name=f"mqtt {settings.address}", daemon=True)

    def _make_client(self) -> paho.Client:
        settings = self._settings
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{settings.prefix.replace('/', '-')}-{settings.device}",
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
        self._settled.wait(wait_seconds)

    def close(self) -> None:
        """Send what is left, say goodbye, and end the thread; waits no longer than a lost broker is worth."""
        self._end = time.monotonic() + CLOSING_SECONDS
        self._outbox.rouse()
        self._thread.join(CLOSING_SECONDS + 0.5)
        if not self._thread.is_alive():
            self._outbox.close()

    def subscribe(self, topic: str, qos: int = 0) -> None:
        """Ask for a topic; only in the link's thread, from `on_online` or `on_message`."""
        self._client.subscribe(topic, qos)

    def unsubscribe(self, topic: str) -> None:
        """Ask for a topic no more; only in the link's thread."""
        self._client.unsubscribe(topic)

    def _run(self) -> None:
        backoff = BACKOFF_SECONDS[0]
        while self._end is None:
            if self._connect():
                self._serve()
                backoff = BACKOFF_SECONDS[0]
            self._tell_lost()
            self._sleep(backoff)
            backoff = min(backoff * 2, BACKOFF_SECONDS[1])
        # A stalled broker has not taken the goodbye; paho closes only what it could end in order.
        if (sock := self._client.socket()) is not None:
            sock.close()

    def _connect(self) -> bool:
        """Whether the broker has welcomed us."""
        try:
            self._client.reconnect()
        except ssl.SSLCertVerificationError as error:
            self._reason = f"its certificate is not trusted ({error.verify_message}); give ?ca=FILE"
            self.refused = self._refusal()
        except OSError as error:
            self._reason = error.strerror or str(error) or type(error).__name__
        deadline = time.monotonic() + CONNECT_SECONDS
        while (sock := self._client.socket()) and not self._online and self._end is None:
            self._turn(sock)
            if time.monotonic() > deadline:
                self._reason = "does not answer"
                break
        return self._online

    def _serve(self) -> None:
        """Send and receive until the connection ends, or everything is sent that should be at the end."""
        while (sock := self._client.socket()) and self._online:
            self._turn(sock)
            self._on_turn()
            self._pulse.turn(time.monotonic())
            self._hand_over()
            self._tell_flow()
            if self._end is not None and (self._all_sent or time.monotonic() > self._end):
                self._client.disconnect()
                return

    @property
    def online(self) -> bool:
        """Whether the broker has welcomed us and has not gone since."""
        return self._online

    @property
    def _all_sent(self) -> bool:
        return self._outbox.empty and not self._unconfirmed and not self._client.want_write()

    def _turn(self, sock: Any) -> None:
        """Wait for the socket or the outbox, then let paho read and write."""
        pending = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
        waiter = select.poll()
        waiter.register(self._outbox.wake_fd, select.POLLIN)
        waiter.register(sock, select.POLLIN | (select.POLLOUT if self._client.want_write() else 0))
        ready = dict(waiter.poll(0 if pending else TICK_SECONDS * 1000))
        if self._outbox.wake_fd in ready:
            self._outbox.settle()
        happened = ready.get(sock.fileno(), 0)
        if pending or happened & ~select.POLLOUT:
            self._client.loop_read()
        if happened & select.POLLOUT:
            self._client.loop_write()
        self._client.loop_misc()

    def _hand_over(self) -> None:
        """Give paho the next parcels for as long as the broker keeps up and the socket takes them."""
        if self._pulse.waiting_seconds(time.monotonic()) > OVERDUE_SECONDS:
            return
        while self._online and not self._client.want_write():
            parcel = self._outbox.take(reliable=len(self._unconfirmed) < UNCONFIRMED)
            if parcel is None:
                return
            sent = self._client.publish(
                parcel.topic, parcel.payload, qos=int(parcel.reliable), retain=parcel.retain
            )
            if parcel.reliable:
                self._unconfirmed.add(sent.mid)

    def _sleep(self, seconds: float) -> None:
        """Unless the end has come."""
        until = time.monotonic() + seconds
        while self._end is None and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.05))

    def _tell_flow(self) -> None:
        """Degraded while the broker does not keep up."""
        if self._pulse.waiting_seconds(time.monotonic()) > STALLED_SECONDS:
            reason = f"broker {self._settings.address} does not keep up; frames are held back"
            self.condition = Condition(State.DEGRADED, reason)
        else:
            self.condition = Condition()

    def _ask(self) -> int | None:
        return self._client.unsubscribe(f"{self._settings.topic}/pulse")[1]

    def _tell_lost(self) -> None:
        self._online = False
        self.condition = Condition(
            State.LOST, f"broker {self._settings.address}: {self._reason}; connecting again"
        )
        self._settled.set()

    def _refusal(self) -> BadInputError:
        return BadInputError(f"broker {self._settings.address}: {self._reason}")

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, code: ReasonCode, _properties: Any) -> None:
        if code.is_failure:
            remedy = REFUSALS.get(str(code))
            self._reason = f"refuses us: {code}" + (f"; {remedy}" if remedy else "")
            self.refused = self._refusal() if remedy else None
            return
        self._online, self.condition, self.refused = True, Condition(), None
        self._pulse.reset()
        self._on_online()
        self._settled.set()

    def _on_disconnect(
        self, _client: Any, _data: Any, flags: Any, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if self._online:
            self._reason = str(code) if flags.is_disconnect_packet_from_server else "connection lost"
        self._online = False

    def _on_publish(self, _client: Any, _data: Any, number: int, *_rest: Any) -> None:
        self._unconfirmed.discard(number)

    def _on_unsubscribe(self, _client: Any, _data: Any, number: int, *_rest: Any) -> None:
        self._pulse.on_answer(number)

    def _on_arrival(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        self._on_message(message.topic, bytes(message.payload))


def _on_socket_open(_client: Any, _data: Any, sock: Any) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    # A frame must not wait for the one before to be confirmed.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

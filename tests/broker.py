"""A real mosquitto for tests, on a free port, that can be killed, stalled and started again; and a reader."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

MOSQUITTO = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")


def need_mosquitto() -> None:
    """Skip, loudly, where there is no broker; CI must have one."""
    if MOSQUITTO is None:
        sentence = "no mosquitto here: apt-get install mosquitto"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether it became true in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


class Broker:
    """One mosquitto process with its configuration in `folder`; the port stays over restarts."""

    def __init__(self, folder: Path, lines: str = "allow_anonymous true", before: str = "") -> None:
        """Its configuration: `before`, a listener on a free port, `lines`."""
        need_mosquitto()
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        user = "" if os.geteuid() else "user root\n"  # root would change to a user that cannot read `folder`
        self._config.write_text(f"{before}\nlistener {self.port} 127.0.0.1\n{user}{lines}\n")
        self._log = folder / "mosquitto.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def process_id(self) -> int:
        """Of the running broker."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(MOSQUITTO), "-c", str(self._config)], stdout=log, stderr=log
            )
        assert wait_until(self._answers), self._log.read_text()

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        """As a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(how)
            self._process.wait(10)
            self._process = None

    def stall(self) -> None:
        """Neither read nor write, but keep every connection."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


def remembers(folder: Path) -> str:
    """Lines of a broker that knows its subscribers again after a power cut."""
    kept = f"persistence true\npersistence_location {folder}/\n"
    return f"allow_anonymous true\n{kept}autosave_on_changes true\nautosave_interval 1"


@contextmanager
def running_broker(folder: Path, lines: str = "allow_anonymous true") -> Iterator[Broker]:
    broker = Broker(folder, lines)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


class Reader:
    """Subscribes and keeps (topic, payload, retained, monotonic seconds of arrival).

    A broker that `remembers` keeps for a named reader what it is sent while it is away, however early that
    comes after a restart.
    """

    def __init__(self, port: int, topic: str = "#", name: str = "") -> None:
        self.got: list[tuple[str, bytes, bool, float]] = []
        self._ready = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, name, clean_session=not name)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, 1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(0.05, 0.1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._ready.wait(5)

    def _on_message(self, _client, _data, message) -> None:
        self.got.append((message.topic, message.payload, message.retain, time.monotonic()))

    def payloads(self, topic: str) -> list[bytes]:
        return [payload for got_topic, payload, *_ in list(self.got) if got_topic == topic]

    def send(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1).wait_for_publish(5)

    def keep(self, topic: str, payload: bytes) -> None:
        """Publish what the broker keeps for later subscribers."""
        self._client.publish(topic, payload, qos=1, retain=True).wait_for_publish(5)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

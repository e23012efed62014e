"""What a subscriber on the host sees, through a real mosquitto: each message with its time of arrival."""

import json
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from paho.mqtt import client as mqtt

from tests.firmware_config.double.machine import free_port


class Watcher:
    """Every message below one topic."""

    def __init__(self, port: int, topic: str) -> None:
        """Subscribe."""
        self.topic = topic
        self._messages: list[tuple[float, str, bytes]] = []
        self._news = threading.Condition()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe(f"{topic}/#")
        self._client.on_message = self._note
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _note(self, _client, _data, message) -> None:
        with self._news:
            self._messages.append(
                (time.monotonic(), message.topic.removeprefix(f"{self.topic}/"), message.payload)
            )
            self._news.notify_all()

    def publish(self, below: str, text: str) -> None:
        """Send a text to a topic below ours."""
        self._client.publish(f"{self.topic}/{below}", text, qos=1).wait_for_publish(10)

    def first(self, wanted, since: float, seconds: float):
        """Time and payload of the first message after an instant that `wanted(below, payload)` takes.

        Raises:
            AssertionError: none came in time.
        """
        end = time.monotonic() + seconds
        with self._news:
            while True:
                for arrived, below, payload in self._messages:
                    if arrived >= since and wanted(below, payload):
                        return arrived, payload
                left = end - time.monotonic()
                assert left > 0, f"nothing of this kind in {seconds} s; last: {self._messages[-3:]}"
                self._news.wait(min(left, 1))

    def frames(self) -> list[dict]:
        """Every frame message so far."""
        with self._news:
            return [json.loads(payload) for _, below, payload in self._messages if below == "frames"]

    def close(self) -> None:
        """Unsubscribe."""
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def broker(folder: Path):
    """A mosquitto on the loopback; gives its port."""
    port = free_port()
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    process = subprocess.Popen(["mosquitto", "-c", str(settings)], stderr=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.terminate()
        process.wait()

"""A recording in place of a device, so that programs can be written and tested without a camera."""

import time
from threading import Event, Thread

from device.client.transport import Listener
from device.contract.errors import BadInputError
from device.daemon.replay import Pace, Recording, moved_to_now, read_recording


class RecordingTransport:
    """Plays a recording at its speed, with times moved to the present."""

    def __init__(self, recording: Recording) -> None:
        self._path, self._options = recording.path, recording.options
        self._closing = Event()
        self._thread: Thread | None = None

    def open(self, listener: Listener) -> None:
        """Start to play."""
        self._thread = Thread(target=self._run, args=(listener,), name="landmark client", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(1.0)

    def _run(self, listener: Listener) -> None:
        listener.up()
        try:
            self._play(listener)
            while self._options.repeat and not self._closing.is_set():
                self._play(listener)
        except BadInputError as error:
            listener.end(error)
        else:
            listener.end(None)

    def _play(self, listener: Listener) -> None:
        pace = Pace(self._options.speed)
        for message, line in read_recording(self._path):
            recorded = getattr(message, "published_ns", None)
            if self._closing.wait(pace.seconds_until(recorded, time.monotonic())):
                return
            listener.receive(moved_to_now(line)[1])

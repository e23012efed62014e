"""Follow the demo's face and mark the end of each stage for `counter.c`; runs emulated, by itself."""

import os
import time
from collections.abc import Iterator

import cv2

import device.daemon.loop
import device.tracking.tracker
from device.checks.bench.video import rocking_frames
from device.daemon.connections import Outputs
from device.finders.open import open_finder
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.messages.messages import FrameMessage, Message
from device.settings import DaemonSettings
from device.signal.reader import Reader
from device.sources.frame import Frame, FrameSource
from device.support.condition import Condition
from device.tracking.stopwatch import Stopwatch

STAGES = ("outside", "find", "crop", "infer", "decode", "track", "signal", "message")
MARK = 0o700
WARM_UP, COUNTED = 10, 12


def mark(stage: str) -> None:
    """A stage ends here."""
    os.umask(MARK + STAGES.index(stage))


class MarkingStopwatch(Stopwatch):
    """Marks the network's stages; what lies between them is the tracker's."""

    def begin(self) -> None:
        """A stage begins."""
        mark("track")
        super().begin()

    def end(self, stage: str) -> None:
        """A stage ends."""
        mark(stage)
        super().end(stage)

    def milliseconds(self) -> dict[str, float]:
        """The tracker ends."""
        spent = super().milliseconds()
        mark("track")
        return spent


class MarkingReader(Reader):
    """Marks the end of the signals."""

    def read(self, *arguments):
        """The faces of a frame."""
        faces = super().read(*arguments)
        mark("signal")
        return faces


class Rocking(FrameSource):
    """Frames of the demo, forwards and backwards."""

    name, live = "demo", False

    def __iter__(self) -> Iterator[Frame]:
        """Each frame, marked before it is handed over."""
        frames = rocking_frames(6)
        for number in range(WARM_UP + COUNTED):
            frame = Frame(frames[number % len(frames)], number, time.monotonic_ns())
            mark("outside")
            yield frame

    def close(self) -> None:
        """Nothing is held."""


class MarkingSink:
    """Marks a frame that was tracked without a search; the marks of others are left without an end."""

    condition = Condition()

    def publish(self, message: Message, line: bytes) -> None:
        """The message is there, with its line."""
        tracked = isinstance(message, FrameMessage) and len(message.faces) == 1 and line
        if tracked and message.sequence >= WARM_UP and not message.timing_ms.find:
            mark("message")

    def close(self) -> None:
        """Nothing is held."""


def main() -> None:
    """One run over all frames."""
    # The counter adds up one processor's instructions.
    cv2.setNumThreads(1)
    device.tracking.tracker.Stopwatch = MarkingStopwatch
    device.daemon.loop.Reader = MarkingReader
    network = LandmarkNetwork(find_model("small"))
    tracker = device.tracking.tracker.Tracker(network, open_finder("trained:"))
    settings = DaemonSettings(health_seconds=3600)
    identity = network.manifest.identity
    device.daemon.loop.Daemon(Rocking(), tracker, Outputs.of(MarkingSink()), identity, settings).run()


if __name__ == "__main__":
    main()

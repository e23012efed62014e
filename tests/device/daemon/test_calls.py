"""How many calls a tracked frame makes: what Python costs beside the network goes with them.

Unlike a time it is the same on every machine, busy or not.
"""

import sys
import time
from itertools import islice

import pytest

from device.checks.timing import TimingSink
from device.daemon.connections import Outputs
from device.daemon.loop import Daemon
from device.finders.open import open_finder
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.settings import DaemonSettings
from device.sources.demo import DemoSource
from device.sources.demo_photo import load_photo
from device.sources.frame import Frame, FrameSource
from device.tracking.tracker import Tracker

WARM_UP, COUNTED = 40, 30

MAX_CALLS = 465
"""Of Python and C functions in one frame with one face, on Python 3.11 and newer; it was 600, then 510."""


class CountedFrames(FrameSource):
    """Frames of the demo; notes the calls that are made between one and the next."""

    name, live = "demo", False

    def __init__(self):
        self.calls: dict[int, int] = {}
        self._count = 0

    def _note(self, _frame, event, _function):
        self._count += event in ("call", "c_call")

    def __iter__(self):
        for frame in islice(DemoSource(load_photo(), paced=False), WARM_UP + COUNTED):
            self._count = 0
            counted = frame.sequence >= WARM_UP
            sys.setprofile(self._note if counted else None)
            yield Frame(frame.image, frame.sequence, time.monotonic_ns())
            sys.setprofile(None)
            if counted:
                self.calls[frame.sequence] = self._count

    def close(self):
        pass


@pytest.mark.skipif(sys.gettrace() is not None, reason="a tracer counts as well")
def test_a_tracked_frame_makes_no_more_calls_than_it_did():
    network, sink, source = LandmarkNetwork(find_model("small")), TimingSink(), CountedFrames()
    tracker = Tracker(network, open_finder("trained:"))
    # On a busy machine a report of the daemon's health could be due in one of the frames.
    settings = DaemonSettings(health_seconds=3600)
    Daemon(source, tracker, Outputs.of(sink), network.manifest.identity, settings).run()
    tracked = [
        source.calls[timed.sequence]
        for timed in sink.timed
        if timed.sequence in source.calls and not timed.searched and len(timed.faces) == 1
    ]
    assert len(tracked) > COUNTED / 2
    assert max(tracked) <= MAX_CALLS

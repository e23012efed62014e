"""What the tests of the single-face senders share."""

import numpy as np
import pytest

from device.contract.geometry import Box
from device.messages import messages as events
from device.support.condition import Condition, State


@pytest.fixture
def make_face():
    """Faces of no shape with a pose (yaw, pitch, roll) and an expression."""

    def make(number=1, pose=None, signals=None, arkit=None):
        turned = None if pose is None else events.Pose(*pose, (0.0, 0.0, 8.0), 800.0, 0.01)
        points = np.zeros((68, 2))
        return events.FaceMessage(
            number, 0.9, Box(0, 0, 1, 1), points, np.ones(68), turned, signals, arkit=arkit
        )

    return make


@pytest.fixture
def publish_frame():
    """Publishes a frame of some faces."""

    def publish(sink, *faces, captured_ns=1):
        info, timing = events.FrameInfo(640, 480), events.TimingMs(0, 0, 0, 0, 0)
        frame = events.FrameMessage("cam0", 3, captured_ns, 2, info, faces, timing, "small@0123abcd")
        sink.publish(frame, b"")

    return publish


@pytest.fixture
def lost_camera():
    """The status while the camera gives no frames."""
    return events.Status("cam0", 1, camera=Condition(State.LOST, "cam0 gave no frame for 2 s"))

"""The VMC sender, read by python-osc from a real socket."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage

from device.contract.geometry import Box
from device.messages import messages as events
from device.messages.signals import SIGNAL_NAMES
from device.sinks import open_sink
from device.sinks.avatar.vmc import arkit_shapes, osc_message
from device.support.condition import Condition, State


@pytest.fixture
def sink(receiver):
    sink = open_sink(f"osc-vmc:127.0.0.1:{receiver.getsockname()[1]}")
    yield sink
    sink.close()


def a_face(number=1, pose=None, signals=None):
    turned = None if pose is None else events.Pose(*pose, (0.0, 0.0, 8.0), 800.0, 0.01)
    points = np.zeros((68, 2))
    return events.FaceMessage(number, 0.9, Box(0, 0, 1, 1), points, np.ones(68), turned, signals)


def received(receiver, sink, *faces):
    """(address, values) of every message of one frame's bundle."""
    info, timing = events.FrameInfo(640, 480), events.TimingMs(0, 0, 0, 0, 0)
    sink.publish(events.FrameMessage("cam0", 3, 1, 2, info, faces, timing, "small@0123abcd"), b"")
    return [(message.address, message.params) for message in OscBundle(receiver.recv(65536))]


def shapes_in(messages):
    return {values[0]: values[1] for address, values in messages if address == "/VMC/Ext/Blend/Val"}


def test_a_frame_is_one_bundle_of_state_time_head_shapes_and_their_end(receiver, sink):
    messages = received(receiver, sink, a_face(pose=(0, 0, 0), signals={"jaw_open": 0.5}))
    addresses = [address for address, _ in messages]
    assert addresses[:3] == ["/VMC/Ext/OK", "/VMC/Ext/T", "/VMC/Ext/Bone/Pos"]
    assert set(addresses[3:-1]) == {"/VMC/Ext/Blend/Val"}
    assert addresses[-1] == "/VMC/Ext/Blend/Apply"
    assert messages[0][1] == [1, 3, 0, 1]
    assert messages[2][1] == ["Head", 0, 0, 0, 0, 0, 0, 1]
    assert shapes_in(messages)["jawOpen"] == 0.5


def turned_forward(quaternion):
    """Where Unity's forward and up point after the turn: v' = q v q*, by the textbook."""
    x, y, z, w = quaternion
    forward = (2 * (x * z + y * w), 2 * (y * z - x * w), 1 - 2 * (x * x + y * y))
    up = (2 * (x * y - z * w), 1 - 2 * (x * x + z * z), 2 * (y * z + x * w))
    return forward, up


def test_the_head_turns_as_the_subject_does_in_unitys_axes(receiver, sink):
    # x is the avatar's right: to the subject's left is towards negative x.
    half = np.sin(np.radians(30))
    forward, _ = turned_forward(received(receiver, sink, a_face(pose=(30, 0, 0)))[2][1][4:])
    np.testing.assert_allclose(forward, [-half, 0, np.cos(np.radians(30))], atol=1e-6)
    forward, _ = turned_forward(received(receiver, sink, a_face(pose=(0, 30, 0)))[2][1][4:])
    np.testing.assert_allclose(forward, [0, half, np.cos(np.radians(30))], atol=1e-6)
    _, up = turned_forward(received(receiver, sink, a_face(pose=(0, 0, 30)))[2][1][4:])
    np.testing.assert_allclose(up, [-half, np.cos(np.radians(30)), 0], atol=1e-6)


def test_shapes_say_what_the_signals_say(receiver, sink):
    signals = dict.fromkeys(SIGNAL_NAMES, 0.0) | {
        "eye_open_left": 0.25, "eye_open_right": 1.0, "smile_left": 0.5, "smile_right": -0.5,
        "mouth_sideways": -0.75, "brow_inner_left": 1.0, "brow_inner_right": 1.0, "mouth_open": 0.125,
    }  # fmt: skip
    shapes = shapes_in(received(receiver, sink, a_face(signals=signals)))
    wanted = {
        "eyeBlinkLeft": 0.75, "eyeBlinkRight": 0, "Blink_L": 0.75, "mouthSmileLeft": 0.5,
        "mouthFrownRight": 0.5, "mouthSmileRight": 0, "mouthRight": 0.75, "mouthLeft": 0, "browInnerUp": 1,
        "A": 0.125, "Joy": 0.25,
    }  # fmt: skip
    assert {name: shapes[name] for name in wanted} == wanted


@given(signals=st.dictionaries(st.sampled_from(SIGNAL_NAMES), st.floats(-1, 1)))
def test_shapes_stay_between_nought_and_one_and_are_always_the_same_ones(signals):
    shapes = arkit_shapes(signals)
    assert shapes.keys() == arkit_shapes({}).keys()
    assert all(0 <= value <= 1 for value in shapes.values())
    assert not any(arkit_shapes({}).values())


def test_without_a_face_it_says_only_that(receiver, sink):
    messages = received(receiver, sink)
    assert [address for address, _ in messages] == ["/VMC/Ext/OK", "/VMC/Ext/T"]
    assert messages[0][1] == [1, 3, 0, 0]


def test_the_face_that_has_been_there_longest_is_sent(receiver, sink):
    faces = [a_face(9, signals={"jaw_open": 1.0}), a_face(4, signals={"jaw_open": 0.25})]
    assert shapes_in(received(receiver, sink, *faces))["jawOpen"] == 0.25


@given(
    text=st.text(st.characters(min_codepoint=32, max_codepoint=126)), number=st.integers(-(2**31), 2**31 - 1)
)
def test_osc_messages_of_any_length_are_read(text, number):
    message = OscMessage(osc_message("/a", text, number, 0.5))
    assert message.params == [text, number, 0.5]


LOST_CAMERA = events.Status("cam0", 1, camera=Condition(State.LOST, "cam0 gave no frame for 2 s"))


def test_a_lost_camera_brings_the_avatar_to_rest_until_frames_come_again(receiver, sink):
    received(receiver, sink, a_face(pose=(0, 0, 0), signals={"jaw_open": 0.5}))
    for message in (LOST_CAMERA, events.FaceLost("cam0", 4, 1, 2, 9)):
        sink.publish(message, b"")
        messages = [(one.address, one.params) for one in OscBundle(receiver.recv(65536))]
        assert messages[0] == ("/VMC/Ext/OK", [1, 3, 0, 0])
        assert messages[-1][0] == "/VMC/Ext/Blend/Apply"
        assert set(shapes_in(messages).values()) == {0.0}
        assert "jawOpen" in shapes_in(messages)
    assert received(receiver, sink, a_face())[0][1] == [1, 3, 0, 1]
    sink.publish(events.Status("cam0", 1), b"")
    assert received(receiver, sink)[0][1] == [1, 3, 0, 0]

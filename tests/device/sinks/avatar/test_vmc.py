"""The VMC sender, read by python-osc from a real socket."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage

from device.contract.geometry import Box
from device.messages import messages as events
from device.messages.arkit import ARKIT_NAMES
from device.messages.signals import SIGNAL_NAMES
from device.sinks import open_sink
from device.sinks.avatar.osc import osc_message
from device.sinks.avatar.vmc import perfect_sync_shapes, vrm_shapes
from device.support.condition import Condition, State


@pytest.fixture
def opened(receiver):
    """Opens the sink with some options."""
    sinks = []

    def open_with(options=""):
        sinks.append(open_sink(f"osc-vmc:127.0.0.1:{receiver.getsockname()[1]}{options}"))
        return sinks[-1]

    yield open_with
    for sink in sinks:
        sink.close()


@pytest.fixture
def sink(opened):
    return opened()


def a_face(number=1, pose=None, signals=None, arkit=None):
    turned = None if pose is None else events.Pose(*pose, (0.0, 0.0, 8.0), 800.0, 0.01)
    points = np.zeros((68, 2))
    return events.FaceMessage(number, 0.9, Box(0, 0, 1, 1), points, np.ones(68), turned, signals, arkit=arkit)


def received(receiver, sink, *faces):
    """(address, values) of every message of one frame's bundle."""
    info, timing = events.FrameInfo(640, 480), events.TimingMs(0, 0, 0, 0, 0)
    sink.publish(events.FrameMessage("cam0", 3, 1, 2, info, faces, timing, "small@0123abcd"), b"")
    return [(message.address, message.params) for message in OscBundle(receiver.recv(65536))]


def shapes_in(messages):
    return {values[0]: values[1] for address, values in messages if address == "/VMC/Ext/Blend/Val"}


def test_a_frame_is_one_bundle_of_state_time_head_shapes_and_their_end(receiver, sink):
    messages = received(receiver, sink, a_face(pose=(0, 0, 0), signals={"mouth_open": 0.5}))
    addresses = [address for address, _ in messages]
    assert addresses[:3] == ["/VMC/Ext/OK", "/VMC/Ext/T", "/VMC/Ext/Bone/Pos"]
    assert set(addresses[3:-1]) == {"/VMC/Ext/Blend/Val"}
    assert addresses[-1] == "/VMC/Ext/Blend/Apply"
    assert messages[0][1] == [1, 3, 0, 1]
    assert messages[2][1] == ["Head", 0, 0, 0, 0, 0, 0, 1]
    assert shapes_in(messages)["A"] == 0.5


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


PRESETS = {
    "Blink_L": "blinkLeft", "Blink_R": "blinkRight", "A": "aa", "I": "ih", "U": "ou", "E": "ee", "O": "oh",
    "Joy": "happy",
}  # fmt: skip


@pytest.mark.parametrize(
    ("signals", "wanted"),
    [
        ({"mouth_open": 0.5}, {"A": 0.5}),
        ({"mouth_width": 0.5}, {"I": 0.5}),
        ({"pucker": 0.5}, {"U": 0.5}),
        ({"mouth_open": 1.0, "mouth_width": 0.75}, {"E": 0.75, "A": 0.25}),
        ({"mouth_open": 1.0, "pucker": 0.75}, {"O": 0.75, "A": 0.25}),
        ({"mouth_open": 1.0, "mouth_width": -1.0}, {"O": 1.0}),
        ({"eye_open_left": 0.25, "eye_open_right": 1.0}, {"Blink_L": 0.75}),
        ({"smile_left": 0.5, "smile_right": 1.0}, {"Joy": 0.75}),
        ({"smile_left": -1.0, "smile_right": -1.0}, {}),
    ],
)
def test_an_avatar_of_either_vrm_makes_the_face_that_the_signals_tell(receiver, sink, signals, wanted):
    shapes = shapes_in(received(receiver, sink, a_face(signals=signals)))
    assert shapes.keys() == PRESETS.keys() | set(PRESETS.values())
    for old, new in PRESETS.items():
        assert shapes[old] == shapes[new] == pytest.approx(wanted.get(old, 0.0), abs=1e-6)


def test_perfect_sync_and_arkit_names_are_sent_on_request(receiver, opened):
    face = a_face(signals={"jaw_open": 0.5}, arkit=None)
    assert shapes_in(received(receiver, opened("?shapes=perfectsync"), face))["JawOpen"] == 0.5
    shapes = shapes_in(received(receiver, opened("?shapes=arkit"), face))
    assert tuple(shapes) == ARKIT_NAMES
    assert shapes["jawOpen"] == 0.5


def test_arkit_shapes_of_the_stream_are_taken_before_those_of_the_signals(receiver, opened):
    told = dict.fromkeys(ARKIT_NAMES, 0.0) | {"eyeWideLeft": 0.75}
    face = a_face(signals={"jaw_open": 0.5}, arkit=told)
    assert shapes_in(received(receiver, opened("?shapes=arkit"), face)) == told


def test_the_head_bone_can_be_left_out_and_has_no_position_otherwise(receiver, opened):
    face = a_face(pose=(20, 0, 0))
    bones = [values for address, values in received(receiver, opened(), face) if "Bone" in address]
    assert [bone[:4] for bone in bones] == [["Head", 0, 0, 0]]
    messages = received(receiver, opened("?head=off"), face)
    assert not any("Bone" in address for address, _ in messages)


def test_the_heads_quaternion_does_not_jump(receiver, sink):
    last = None
    for yaw in (*range(0, 360, 15), *range(0, -360, -15)):
        turned = yaw if abs(yaw) <= 180 else yaw - 360 * np.sign(yaw)
        quaternion = np.array(received(receiver, sink, a_face(pose=(turned, 0, 0)))[2][1][4:])
        assert last is None or quaternion @ last > 0.9
        last = quaternion


@given(signals=st.none() | st.dictionaries(st.sampled_from(SIGNAL_NAMES), st.floats(-1, 1)))
def test_shapes_stay_between_nought_and_one_and_are_always_the_same_ones(signals):
    for shapes_of in (vrm_shapes, perfect_sync_shapes):
        shapes = shapes_of(a_face(signals=signals))
        assert shapes.keys() == shapes_of(None).keys()
        assert all(0 <= value <= 1 for value in shapes.values())
        assert not any(shapes_of(None).values())


def test_without_a_face_it_says_only_that(receiver, sink):
    messages = received(receiver, sink)
    assert [address for address, _ in messages] == ["/VMC/Ext/OK", "/VMC/Ext/T"]
    assert messages[0][1] == [1, 3, 0, 0]


def test_the_face_that_has_been_there_longest_is_sent(receiver, sink):
    faces = [a_face(9, signals={"mouth_open": 1.0}), a_face(4, signals={"mouth_open": 0.25})]
    assert shapes_in(received(receiver, sink, *faces))["A"] == 0.25


@given(
    text=st.text(st.characters(min_codepoint=32, max_codepoint=126)), number=st.integers(-(2**31), 2**31 - 1)
)
def test_osc_messages_of_any_length_are_read(text, number):
    message = OscMessage(osc_message("/a", text, number, 0.5))
    assert message.params == [text, number, 0.5]


LOST_CAMERA = events.Status("cam0", 1, camera=Condition(State.LOST, "cam0 gave no frame for 2 s"))


def test_a_lost_camera_brings_the_avatar_to_rest_until_frames_come_again(receiver, sink):
    received(receiver, sink, a_face(pose=(0, 0, 0), signals={"mouth_open": 0.5}))
    for message in (LOST_CAMERA, events.FaceLost("cam0", 4, 1, 2, 9)):
        sink.publish(message, b"")
        messages = [(one.address, one.params) for one in OscBundle(receiver.recv(65536))]
        assert messages[0] == ("/VMC/Ext/OK", [1, 3, 0, 0])
        assert messages[-1][0] == "/VMC/Ext/Blend/Apply"
        assert set(shapes_in(messages).values()) == {0.0}
        assert "aa" in shapes_in(messages)
    assert received(receiver, sink, a_face())[0][1] == [1, 3, 0, 1]
    sink.publish(events.Status("cam0", 1), b"")
    assert received(receiver, sink)[0][1] == [1, 3, 0, 0]

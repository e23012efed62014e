"""iFacialMocap's text, read as public readers of it read it, from a real socket."""

import numpy as np
import pytest

from device.messages.arkit import ARKIT_SHAPES
from device.sinks import open_sink


@pytest.fixture
def sink(receiver):
    sink = open_sink(f"udp-ifm:127.0.0.1:{receiver.getsockname()[1]}")
    yield sink
    sink.close()


def read(data):
    """Names with their numbers: split at `=`, then at `|`, then at `-` or `#`; sides spelt out."""
    shapes_text, _, bones_text = data.decode("utf-8").partition("=")
    shapes, bones = {}, {}
    for part in filter(None, shapes_text.split("|")):
        name, value = part.split("-")
        shapes[name.replace("_L", "Left").replace("_R", "Right")] = int(value)
    for part in filter(None, bones_text.split("|")):
        name, values = part.split("#")
        bones[name] = [float(value) for value in values.split(",")]
    return shapes, bones


def test_every_shape_of_arkit_is_there_in_per_cent(receiver, sink, make_face, publish_frame):
    face = make_face(
        pose=(0, 0, 0), signals={"jaw_open": 0.404, "eye_open_left": 0.25, "mouth_sideways": 1.0}
    )
    publish_frame(sink, face)
    shapes, bones = read(receiver.recv(65536))
    assert shapes.keys() == {"trackingStatus", *ARKIT_SHAPES}
    assert {name: value for name, value in shapes.items() if value} == {
        "trackingStatus": 1, "jawOpen": 40, "eyeBlinkLeft": 75, "mouthLeft": 100, "mouthClose": 40,
    }  # fmt: skip
    assert bones == {"head": [0] * 6, "rightEye": [0] * 3, "leftEye": [0] * 3}


def about(axis, degrees):
    """(3, 3) right-handed turn about an axis, 0 to 2."""
    angle, (one, two) = np.radians(degrees), [(1, 2), (2, 0), (0, 1)][axis]
    turn = np.eye(3)
    turn[[one, one, two, two], [one, two, one, two]] = (
        np.cos(angle),
        -np.sin(angle),
        np.sin(angle),
        np.cos(angle),
    )
    return turn


def nose_and_crown(bones):
    """Where nose and crown point, in the axes of ARKit's face: to the subject's left, up, out of the face."""
    x, y, z = bones["head"][:3]
    turn = about(1, y) @ about(0, x) @ about(2, z)
    return turn @ [0, 0, 1], turn @ [0, 1, 0]


@pytest.mark.parametrize(
    ("pose", "nose", "crown"),
    [
        ((30, 0, 0), (0.5, 0, 0.866), (0, 1, 0)),
        ((0, 30, 0), (0, 0.5, 0.866), (0, 0.866, -0.5)),
        # Towards the subject's left shoulder.
        ((0, 0, 30), (0, 0, 1), (0.5, 0.866, 0)),
        ((30, 30, 0), (0.433, 0.5, 0.75), (-0.25, 0.866, -0.433)),
    ],
)
def test_the_head_turns_as_the_subject_does(receiver, sink, make_face, publish_frame, pose, nose, crown):
    publish_frame(sink, make_face(pose=pose, signals={}))
    _, bones = read(receiver.recv(65536))
    for got, wanted in zip(nose_and_crown(bones), (nose, crown), strict=True):
        np.testing.assert_allclose(got, wanted, atol=2e-3)


def test_without_a_face_and_without_frames_it_is_not_tracked_and_at_rest(
    receiver, sink, make_face, publish_frame, lost_camera
):
    publish_frame(sink, make_face(pose=(20, 0, 0), signals={"jaw_open": 1.0}))
    receiver.recv(65536)
    publish_frame(sink)
    sink.publish(lost_camera, b"")
    for _ in range(2):
        shapes, bones = read(receiver.recv(65536))
        assert not any(shapes.values())
        assert not any(bones["head"])


def test_the_face_that_has_been_there_longest_is_sent(receiver, sink, make_face, publish_frame):
    publish_frame(sink, make_face(9, signals={"jaw_open": 1.0}), make_face(4, signals={"jaw_open": 0.25}))
    assert read(receiver.recv(65536))[0]["jawOpen"] == 25

"""OpenSeeFace's packet, read as its Unity receiver reads it, from a real socket."""

import struct
import time

import cv2
import numpy as np
import pytest

from device.contract.errors import MissingOutsideError, UsageError
from device.contract.geometry import Box
from device.contract.rotation import rotation_of
from device.messages import messages as events
from device.signal.mean_face import mean_landmarks
from device.sinks import open_sink
from device.sinks.avatar.osf import POINT_ORDER, quaternion_of
from device.support.condition import Condition, State

SIZE = (640, 480)
FOCAL = 800.0
CENTRE = ((SIZE[0] - 1) / 2, (SIZE[1] - 1) / 2)


@pytest.fixture
def sink(receiver):
    sink = open_sink(f"udp-osf:127.0.0.1:{receiver.getsockname()[1]}")
    yield sink
    sink.close()


def a_face(yaw=0.0, pitch=0.0, roll=0.0, position=(0.3, -0.2, 7.0), number=5, posed=True, **signals):
    """The mean face so placed, and the points at which a camera sees it."""
    seen = mean_landmarks() @ rotation_of(yaw, pitch, roll).T + position
    points = seen[:, :2] / seen[:, 2:] * FOCAL + CENTRE
    pose = events.Pose(yaw, pitch, roll, position, FOCAL, 0.01) if posed else None
    scores = np.linspace(0.1, 0.9, 68)
    return events.FaceMessage(number, 0.9, Box.around(points), points, scores, pose, signals or None)


def a_frame(*faces):
    now = time.monotonic_ns()
    info, timing = events.FrameInfo(*SIZE), events.TimingMs(0, 0, 0, 0, 0)
    return events.FrameMessage("cam0", 3, now - 40_000_000, now, info, faces, timing, "small@0123abcd")


class Read:
    """Field by field, as OpenSee.cs does; big numbers first proved by hand."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def floats(self, count):
        values = struct.unpack_from(f"={count}f", self.data, self.at)
        self.at += 4 * count
        return np.array(values)


def decoded(data):
    reader = Read(data)
    captured, number = struct.unpack_from("=di", data)
    reader.at = 12
    size, eyes = reader.floats(2), reader.floats(2)
    found = data[reader.at]
    reader.at += 1
    misfit, quaternion, angles, place = reader.floats(1), reader.floats(4), reader.floats(3), reader.floats(3)
    confidences, points = reader.floats(68), reader.floats(136).reshape(68, 2)
    points_3d, features = reader.floats(210).reshape(70, 3), reader.floats(14)
    assert reader.at == len(data) == 1785
    return {
        "captured": captured, "id": number, "size": size, "eyes": eyes, "found": found, "misfit": misfit[0],
        "quaternion": quaternion, "angles": angles, "place": place, "confidences": confidences,
        "points": points, "points_3d": points_3d, "features": features,
    }  # fmt: skip


def received(receiver, sink, *faces):
    frame = a_frame(*faces)
    sink.publish(frame, b"")
    data = receiver.recv(65536)
    assert len(data) % 1785 == 0
    return [decoded(data[start : start + 1785]) for start in range(0, len(data), 1785)]


def test_the_plain_fields_are_where_the_receiver_reads_them(receiver, sink):
    (got,) = received(receiver, sink, a_face(eye_open_right=0.25, eye_open_left=0.75))
    assert got["captured"] == pytest.approx(time.time() - 0.04, abs=0.1)
    assert got["size"].tolist() == [640, 480]
    assert got["eyes"].tolist() == [0.25, 0.75]
    assert got["found"] == 1
    assert got["misfit"] == pytest.approx(0.01 * FOCAL / 7)


def test_the_points_are_its_66_in_its_order_and_the_middles_of_the_eyes(receiver, sink):
    face = a_face()
    (got,) = received(receiver, sink, face)
    assert sorted(POINT_ORDER) == [index for index in range(68) if index not in (60, 64)]
    np.testing.assert_allclose(got["points"][:48], face.landmarks[:48], atol=1e-3)
    # Its own face (tracker.py) has the mouth's middle line at 50, 55, 60, 64 and the corners at 58 and 62.
    for its, ours in {50: 51, 55: 57, 60: 62, 64: 66, 58: 48, 62: 54}.items():
        np.testing.assert_allclose(got["points"][its], face.landmarks[ours], atol=1e-3)
        assert got["confidences"][its] == pytest.approx(face.landmark_scores[ours])
    np.testing.assert_allclose(got["points"][66], face.landmarks[36:42].mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(got["points"][67], face.landmarks[42:48].mean(axis=0), atol=1e-3)
    assert got["confidences"][66:].tolist() == [0, 0]


def matrix_of(quaternion):
    """Of x, y, z, w, by the textbook; OpenSeeFace's is that of the transposed matrix."""
    x, y, z, w = quaternion
    return np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip


def turn_about(angles):
    """What cv2.RQDecomp3x3 means by three angles: one turn after the other, about x, y and z."""
    x, y, z = np.radians(angles)
    one = cv2.Rodrigues(np.array([x, 0, 0]))[0]
    two = cv2.Rodrigues(np.array([0, y, 0]))[0]
    three = cv2.Rodrigues(np.array([0, 0, z]))[0]
    return three @ two @ one


@pytest.mark.parametrize("angles", [(0, 0, 0), (30, 0, 0), (0, -20, 0), (0, 0, 15), (25, 12, -8)])
def test_its_3d_points_so_turned_and_placed_fall_on_its_2d_points(receiver, sink, angles):
    (got,) = received(receiver, sink, a_face(*angles))
    turn = matrix_of(got["quaternion"]).T
    head = got["points_3d"] * [1, -1, -1]
    rows, columns, away = ((turn @ head.T).T + got["place"]).T
    # Its camera: focal length of one frame width, rows first; heads lie behind it.
    assert (away < 0).all()
    seen = np.column_stack([columns, rows]) / away[:, None] * SIZE[0] + CENTRE
    np.testing.assert_allclose(seen[:66], got["points"][:66], atol=0.05)
    np.testing.assert_allclose(turn_about(got["angles"]), turn, atol=1e-4)


def test_the_3d_face_is_as_large_and_lies_as_its_own_does(receiver, sink):
    """A few points of its own face (tracker.py, depth times 1.3): left of the picture, up, to the camera."""
    (got,) = received(receiver, sink, a_face(position=(0.0, 0.0, 30.0)))
    head = got["points_3d"] * [1, -1, -1]
    its_own = {8: (0, -0.55, -0.21), 30: (0, 0, 0), 36: (0.33, 0.28, -0.26), 45: (-0.33, 0.28, -0.26)}
    for index, place in its_own.items():
        np.testing.assert_allclose(head[index], place, atol=0.12)
    assert np.linalg.norm(head[36] - head[45]) == pytest.approx(0.66, rel=0.05)
    assert head[58][0] > head[48][0] > head[50][0] > head[52][0] > head[62][0]
    assert (head[68:, 2] < head[66:68, 2]).all()


def unity_pose(got):
    """Turn and place as OpenSee.cs makes them: degrees from -180 to 180; right, up, away."""
    x, y, z = got["angles"] * [1, -1, 1]
    turned = (np.array([-(x + 180), y, z - 90]) + 180) % 360 - 180
    row, column, away = got["place"]
    return turned, np.array([-column, row, -away])


@pytest.mark.parametrize(
    ("angles", "axis"),
    [((0.01, 0.01, 0.01), None), ((20, 0, 0), 1), ((-20, 0, 0), 1), ((0, 20, 0), 0), ((0, 0, 20), 2)],
)
def test_the_unity_receiver_gets_one_turn_about_one_axis(receiver, sink, angles, axis):
    (got,) = received(receiver, sink, a_face(*angles))
    turned, _ = unity_pose(got)
    wanted = np.zeros(3)
    if axis is not None:
        wanted[axis] = 20
    np.testing.assert_allclose(np.abs(turned), wanted, atol=0.02)


def test_the_unity_receiver_sees_the_head_right_of_above_and_before_it(receiver, sink):
    (got,) = received(receiver, sink, a_face(position=(1.0, -0.5, 7.0)))
    _, (right, up, away) = unity_pose(got)
    nose = np.array([1.0, -0.5, 7.0]) + mean_landmarks()[30]
    assert right == pytest.approx(nose[0] * 0.66, abs=0.01)
    assert up == pytest.approx(-nose[1] * 0.66, abs=0.01)
    # As far off as a camera of one frame width's focal length has it.
    assert away == pytest.approx(nose[2] * 0.66 * SIZE[0] / FOCAL, abs=0.01)


def test_without_a_pose_it_says_so_and_the_points_still_come(receiver, sink):
    (got,) = received(receiver, sink, a_face(posed=False))
    assert got["found"] == 0
    assert not got["points_3d"].any()
    assert got["points"].any()
    assert got["eyes"].tolist() == [1, 1]
    assert not got["features"].any()


def test_the_features_are_zero_at_rest_and_have_their_places(receiver, sink):
    rest = {"eye_open_left": 1.0, "eye_open_right": 1.0, "mouth_open": 0.0}
    (got,) = received(receiver, sink, a_face(**rest))
    assert not got["features"].any()
    (got,) = received(
        receiver, sink, a_face(eye_open_left=0.0, smile_left=0.5, mouth_open=0.75, mouth_width=-0.25)
    )
    assert got["features"][[0, 8, 12, 13]].tolist() == [-1, 0.5, 0.75, -0.25]


def test_faces_have_places_from_nought_that_are_given_again(receiver, sink):
    both = received(receiver, sink, a_face(number=7), a_face(number=9))
    assert [got["id"] for got in both] == [0, 1]
    sink.publish(events.FaceLost("cam0", 4, 1, 2, 7), b"")
    again = received(receiver, sink, a_face(number=9), a_face(number=12))
    assert [got["id"] for got in again] == [1, 0]


def test_forty_faces_fit_one_datagram_and_none_sends_none(receiver, sink):
    assert len(received(receiver, sink, *[a_face(number=n) for n in range(1, 41)])) == 36
    sink.publish(a_frame(), b"")
    receiver.settimeout(0.2)
    with pytest.raises(TimeoutError):
        receiver.recv(65536)


def test_a_quaternion_turns_as_its_matrix_does():
    for angles in np.random.default_rng(1).uniform(-90, 90, (50, 3)):
        rotation = rotation_of(*angles)
        np.testing.assert_allclose(matrix_of(quaternion_of(rotation)), rotation, atol=1e-9)


def test_wrong_addresses_are_told_what_was_wanted():
    for place in ("", ":5", "host:0", "host:99999", "host:x"):
        with pytest.raises(UsageError, match=r"write udp-osf:HOST\[:PORT\]"):
            open_sink(f"udp-osf:{place}")
    with pytest.raises(MissingOutsideError, match=r"no receiver no-such-host.invalid"):
        open_sink("udp-osf:no-such-host.invalid")


LOST_CAMERA = events.Status("cam0", 1, camera=Condition(State.LOST, "cam0 gave no frame for 2 s"))


def test_of_a_lost_camera_the_last_faces_are_sent_as_not_found(receiver, sink):
    sink.publish(a_frame(a_face(number=5), a_face(number=7)), b"")
    seen = receiver.recv(65536)
    sink.publish(LOST_CAMERA, b"")
    gone = receiver.recv(65536)
    assert len(gone) == len(seen) == 2 * 1785
    for first in (0, 1785):
        # OpenSee.cs: double time, int id, two floats of size, two eyes, then the byte `got3DPoints`.
        assert (seen[first + 28], gone[first + 28]) == (1, 0)
        assert struct.unpack_from("=i", gone, first + 8) == struct.unpack_from("=i", seen, first + 8)
        assert struct.unpack_from("=d", gone, first)[0] > struct.unpack_from("=d", seen, first)[0]
    sink.publish(a_frame(), b"")
    sink.publish(LOST_CAMERA, b"")
    receiver.settimeout(0.2)
    with pytest.raises(TimeoutError):
        receiver.recv(65536)

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
from device.sinks.avatar.osf import POINT_ORDER
from device.sinks.avatar.osf_features import FEATURE_NAMES, RunningMedian, RunningRange
from device.sinks.avatar.quaternion import quaternion_of
from device.support.condition import Condition, State

SIZE = (640, 480)
FOCAL = 800.0
CENTRE = ((SIZE[0] - 1) / 2, (SIZE[1] - 1) / 2)


@pytest.fixture
def openseeface(receiver):
    """The sink with OpenSeeFace's gain of the head's angles, as it is by default."""
    sink = open_sink(f"udp-osf:127.0.0.1:{receiver.getsockname()[1]}")
    yield sink
    sink.close()


@pytest.fixture
def sink(receiver):
    """The sink with the head's angles as they are."""
    sink = open_sink(f"udp-osf:127.0.0.1:{receiver.getsockname()[1]}?pose=true")
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
    before = time.time()
    (got,) = received(receiver, sink, a_face(eye_open_right=0.25, eye_open_left=0.75))
    # The frame was captured 40 ms before it was sent.
    assert before - 0.05 < got["captured"] < time.time() - 0.03
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
def test_its_3d_points_turned_and_placed_as_the_head_fall_on_its_2d_points(receiver, sink, angles):
    (got,) = received(receiver, sink, a_face(*angles))
    # Its head's axes are opposite to ours, its origin is the tip of the nose, its unit is 1 / 0.62 of ours.
    head = mean_landmarks()[30] - got["points_3d"] * [1, -1, -1] / 0.62
    seen = head @ rotation_of(*angles).T + [0.3, -0.2, 7.0]
    np.testing.assert_allclose(seen[:66, :2] / seen[:66, 2:] * FOCAL + CENTRE, got["points"][:66], atol=0.05)


@pytest.mark.parametrize("angles", [(0, 0, 0), (30, 0, 0), (0, -20, 0), (0, 0, 15), (25, 12, -8)])
def test_its_quaternion_and_its_angles_say_the_same(receiver, sink, angles):
    (got,) = received(receiver, sink, a_face(*angles))
    turn = matrix_of(got["quaternion"]).T
    np.testing.assert_allclose(turn_about(got["angles"]), turn, atol=1e-4)
    # It sees the nose and the right eye as we do, rows first, of a head that lies behind its camera.
    for point in (30, 36):
        ours = rotation_of(*angles) @ (mean_landmarks()[30] - mean_landmarks()[point]) * 0.62
        theirs = turn @ (got["points_3d"][point] * [1, -1, -1])
        np.testing.assert_allclose(theirs * [1, 1, -1], ours[[1, 0, 2]], atol=1e-3)
    assert got["place"][2] < 0


def test_the_3d_face_is_as_large_and_lies_as_its_own_does(receiver, sink):
    """A few points of its own face, rounded: left of the picture, up, to the camera."""
    (got,) = received(receiver, sink, a_face(position=(0.0, 0.0, 30.0)))
    head = got["points_3d"] * [1, -1, -1]
    its_own = {8: (0, -0.6, -0.3), 30: (0, 0, 0), 36: (0.31, 0.3, -0.29), 45: (-0.31, 0.3, -0.29)}
    for index, place in its_own.items():
        np.testing.assert_allclose(head[index], place, atol=0.12)
    assert np.linalg.norm(head[36] - head[45]) == pytest.approx(0.62, rel=0.01)
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
    assert right == pytest.approx(nose[0] * 0.62, abs=0.01)
    assert up == pytest.approx(-nose[1] * 0.62, abs=0.01)
    # As far off as a camera of one frame width's focal length has it.
    assert away == pytest.approx(nose[2] * 0.62 * SIZE[0] / FOCAL, abs=0.01)


def test_without_a_pose_it_says_so_and_the_points_still_come(receiver, sink):
    (got,) = received(receiver, sink, a_face(posed=False))
    assert got["found"] == 0
    assert not got["points_3d"].any()
    assert got["points"].any()
    assert got["eyes"].tolist() == [1, 1]
    assert not got["features"].any()


def moved(face, points, dx=0.0, dy=0.0):
    """The mean face with some points moved, eye distances: to the subject's left, down."""
    shape = mean_landmarks().copy()
    shape[list(points), :2] += [dx, dy]
    seen = shape + face.pose.position
    points = seen[:, :2] / seen[:, 2:] * FOCAL + CENTRE
    return events.FaceMessage(face.id, 0.9, Box.around(points), points, face.landmark_scores, face.pose)


RIGHT_BROW, LEFT_BROW = range(17, 22), range(22, 27)

# Each feature, the points that move it, by how much (to the subject's left, down), and the sign that results
# with OpenSeeFace's own feature extractor.
SIGNS = [
    ("eye_l", (43, 44), (0, 0.06), -1), ("eye_r", (37, 38), (0, 0.06), -1),
    ("eye_l", (43, 44), (0, -0.06), 1), ("eye_r", (37, 38), (0, -0.06), 1),
    ("eyebrow_steepness_l", (22, 23), (0, -0.06), 1), ("eyebrow_steepness_r", (20, 21), (0, -0.06), 1),
    ("eyebrow_steepness_l", (25, 26), (0, -0.06), -1), ("eyebrow_steepness_r", (17, 18), (0, -0.06), -1),
    ("eyebrow_updown_l", LEFT_BROW, (0, -0.1), 1), ("eyebrow_updown_r", RIGHT_BROW, (0, -0.1), 1),
    ("eyebrow_updown_l", LEFT_BROW, (0, 0.1), -1), ("eyebrow_updown_r", RIGHT_BROW, (0, 0.1), -1),
    ("eyebrow_quirk_l", LEFT_BROW, (0, -0.1), 1), ("eyebrow_quirk_r", RIGHT_BROW, (0, -0.1), 1),
    ("mouth_corner_updown_l", (54,), (0, -0.06), -1), ("mouth_corner_updown_r", (48,), (0, -0.06), -1),
    ("mouth_corner_updown_l", (54,), (0, 0.06), 1), ("mouth_corner_updown_r", (48,), (0, 0.06), 1),
    ("mouth_corner_inout_l", (54,), (0.06, 0), 1), ("mouth_corner_inout_r", (48,), (-0.06, 0), 1),
    ("mouth_open", (65, 66, 67), (0, 0.15), 1), ("mouth_wide", (54,), (0.06, 0), 1),
    ("mouth_wide", (54,), (-0.06, 0), -1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "points", "way", "sign"), SIGNS)
def test_a_feature_has_the_sign_that_openseeface_gives_it(receiver, sink, name, points, way, sign):
    place = FEATURE_NAMES.index(name)
    rest = a_face()
    for _ in range(10):
        (got,) = received(receiver, sink, rest)
        # Zero at rest, but for what the packet's rounding of pixels does.
        assert abs(got["features"][place]) < 1e-3
    (got,) = received(receiver, sink, moved(rest, points, *way))
    # The farthest that has been seen is the end of the range.
    assert got["features"][place] == sign
    (got,) = received(receiver, sink, moved(rest, points, way[0] / 2, way[1] / 2))
    assert 0.3 < got["features"][place] * sign < 0.7
    (got,) = received(receiver, sink, rest)
    assert abs(got["features"][place]) < 1e-3


def test_the_lips_together_are_below_zero_once_they_have_been_nearer_than_usual(receiver, sink):
    place, face = FEATURE_NAMES.index("mouth_open"), a_face()
    for _ in range(10):
        received(receiver, sink, moved(face, (65, 66, 67), 0, 0.1))
    (got,) = received(receiver, sink, face)
    assert got["features"][place] == -1


def test_a_faces_features_do_not_depend_on_its_place_in_the_frame_and_its_turn(receiver, sink):
    def of(turn, position):
        sink.forget(5)
        for shift in (0.0, 0.06, -0.06, 0.03):
            shape = mean_landmarks().copy()
            shape[54, 1] += shift
            seen = shape @ rotation_of(*turn).T + position
            points = seen[:, :2] / seen[:, 2:] * FOCAL + CENTRE
            pose = events.Pose(*turn, position, FOCAL, 0.01)
            face = events.FaceMessage(5, 0.9, Box.around(points), points, np.ones(68), pose)
            (got,) = received(receiver, sink, face)
        return got["features"]

    np.testing.assert_allclose(of((0, 0, 0), (0.0, 0.0, 7.0)), of((20, -10, 15), (0.5, -0.4, 9.0)), atol=0.05)


def test_a_range_shrinks_by_15_per_cent_at_most():
    running = RunningRange(np.array([0.1]))
    for value in (*[2.0] * 10, 3.0, 1.0):
        running.scale(np.array([value]))
    halves = [running.scale(np.array([2.5 if turn % 50 == 0 else 2.0])).item() for turn in range(8000)][::50]
    assert halves == sorted(halves)
    assert halves[0] == pytest.approx(0.5, abs=0.01)
    # A range of 0.85 of the first one makes 0.5 of it 0.588.
    assert halves[-1] == pytest.approx(0.5 / 0.85, abs=0.001)


def test_a_face_without_extent_has_no_features_and_spoils_none(receiver, sink):
    face = a_face()
    point = events.FaceMessage(5, 0.9, face.box, np.full((68, 2), 300.0), face.landmark_scores, face.pose)
    assert not received(receiver, sink, point)[0]["features"].any()
    received(receiver, sink, face)
    (got,) = received(receiver, sink, moved(face, (54,), 0, 0.06))
    assert got["features"][FEATURE_NAMES.index("mouth_corner_updown_l")] == 1


def test_the_running_median_is_exact_at_first_and_near_later():
    values = np.random.default_rng(2).normal(3, 1, (5000, 2))
    median = RunningMedian()
    for count, each in enumerate(values, 1):
        median.add(each)
        if count < 64:
            np.testing.assert_array_equal(median.value, np.median(values[:count], axis=0))
    np.testing.assert_allclose(median.value, np.median(values, axis=0), atol=0.1)


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


def test_of_two_quaternions_the_one_whose_largest_part_is_positive():
    for angles in np.random.default_rng(4).uniform(-180, 180, (50, 3)):
        assert max(quaternion_of(rotation_of(*angles)), key=abs) > 0


def test_the_quaternion_goes_on_without_a_jump_while_the_head_is_still(receiver, openseeface):
    noise = np.random.default_rng(3)
    last, farthest = None, 0.0
    for _ in range(300):
        yaw, pitch, roll = noise.normal(0, 0.5, 3)
        openseeface.publish(a_frame(a_face(yaw, pitch, roll)), b"")
        quaternion = decoded(receiver.recv(65536))["quaternion"]
        if last is not None:
            # Of the numbers as they are, not of the rotations: a change of sign would be 360 degrees.
            farthest = max(farthest, 2 * np.degrees(np.arccos(np.clip(quaternion @ last, -1, 1))))
        last = quaternion
    assert farthest < 10
    # As OpenSeeFace's own conversion has it of a head that looks into the camera.
    assert last[0] > 0.6
    assert last[1] > 0.6


def test_by_default_a_head_turns_as_far_as_openseeface_would_turn_it(receiver, openseeface):
    def turn(**angles):
        return unity_pose(received(receiver, openseeface, a_face(**angles))[0])[0]

    front = turn()
    # A constant pitch of 10 to 17 degrees; a turn 1.35 / 0.74 and a nod 1.38 / 0.93 times as far as ours.
    assert 10 < abs(front[0]) < 17
    assert abs(front[1]) < 0.01
    assert abs(turn(yaw=20)[1] - front[1]) == pytest.approx(20 * 1.35 / 0.74, rel=0.05)
    assert abs(turn(pitch=10)[0] - front[0]) == pytest.approx(10 * 1.38 / 0.93, rel=0.01)
    assert abs(turn(roll=20)[2] - front[2]) == pytest.approx(20, rel=0.05)
    assert np.abs(turn(yaw=80, pitch=60)).max() < 180


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

"""The binary form of a frame: the same message as JSON but for the rounding, small, and safe to read."""

import random

import cbor2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from device.contract.errors import BadInputError
from device.contract.geometry import Box
from device.messages import messages as events
from device.messages.cbor import (
    FACE_LAYOUT,
    FaceKey,
    captured_ns_of_binary,
    decode_binary,
    encode_binary,
    face_layout_table,
    pack_points,
    unpack_points,
)
from device.messages.json_decoder import decode_line
from device.messages.signals import SIGNAL_NAMES
from tests.messages import FRAMES, POINTS


@given(points=POINTS)
def test_packed_points_come_back_within_half_a_sixteenth_of_a_pixel(points):
    unpacked = unpack_points(pack_points(points), 68)
    np.testing.assert_allclose(unpacked, points, atol=1 / 32 + 1e-9)


def test_packed_points_are_laid_out_as_the_specification_says():
    # Steps (16, -32), (17, -32), (31, -17): the least is (16, -32); 15 takes four bits.
    packed = pack_points(np.array([[1.0, -2.0], [1.0625, -2.0], [1.9375, -1.0625]]))
    assert packed == bytes([16, 0, 0, 0, 0xE0, 0xFF, 0xFF, 0xFF, 4, 0x00, 0x10, 0xFF])
    assert unpack_points(pack_points(np.zeros((3, 2))), 3).tolist() == [[0, 0]] * 3


def near(first, second, atol):
    np.testing.assert_allclose(first, second, atol=atol)


@given(message=FRAMES)
def test_both_forms_decode_to_the_same_message_but_for_the_rounding(message):
    plain, packed = decode_line(events.encode(message)), decode_binary(encode_binary(message))
    outside = [events.encode(replace(decoded, faces=())) for decoded in (plain, packed)]
    assert outside[0] == outside[1]
    assert len(plain.faces) == len(packed.faces)
    for face, twin in zip(plain.faces, packed.faces, strict=True):
        assert (face.id, face.blinks, face.pose) == (twin.id, twin.blinks, twin.pose)
        assert (face.score, face.occluded) == (twin.score, twin.occluded)
        near(face.box.xyxy, twin.box.xyxy, 1 / 32 + 0.006)
        near(face.landmarks, twin.landmarks, 1 / 32 + 0.006)
        near(face.landmark_scores, twin.landmark_scores, 0.5 / 255 + 0.0006)
        assert (face.landmarks_raw is None) == (twin.landmarks_raw is None)
        if face.landmarks_raw is not None:
            near(face.landmarks_raw, twin.landmarks_raw, 1 / 32 + 0.006)
        assert (face.signals is None) == (twin.signals is None)
        if face.signals is not None:
            assert face.signals.keys() == twin.signals.keys()
            near(list(face.signals.values()), [twin.signals[n] for n in face.signals], 0.5 / 127 + 0.0006)
        assert (face.arkit is None) == (twin.arkit is None)
        if face.arkit is not None:
            assert face.arkit.keys() == twin.arkit.keys()
            near(list(face.arkit.values()), [twin.arkit[n] for n in face.arkit], 0.5 / 255 + 0.0006)
    assert captured_ns_of_binary(encode_binary(message)) == message.captured_ns


def a_full_face(side_px):
    """All that is known of a face whose points lie within a square of this side."""
    points = np.random.default_rng(3).uniform(0, side_px, (68, 2)) + 500
    pose = events.Pose(-33.33, 21.11, -9.99, (-12.345, 9.876, 23.456), 1234.56, 0.123)
    return events.FaceMessage(
        47, 0.987, Box(500, 500, 500 + side_px, 500 + side_px), points, np.linspace(0, 1, 68), pose,
        dict.fromkeys(SIGNAL_NAMES, -0.5), events.Blinks(999, 99), ["jaw", "mouth"],
    )  # fmt: skip


@pytest.mark.parametrize("side_px", [60, 270, 480, 1000])
def test_a_face_with_everything_but_raw_points_takes_under_400_bytes(side_px):
    def size(*faces):
        info = events.FrameInfo(1920, 1080)
        timing = events.TimingMs(0.1, 0.1, 1.1, 0.1, 1.5)
        return len(
            encode_binary(
                events.FrameMessage("cam0", 9, 10**15, 10**15, info, faces, timing, "small@0123abcd")
            )
        )

    face = a_full_face(side_px)
    assert size(face, face) - size(face) < 400
    assert size() < 250


def test_every_key_is_laid_out_and_the_readme_holds_the_table(root):
    assert set(FACE_LAYOUT) == set(FaceKey)
    assert face_layout_table() in (root / "device" / "README.md").read_text(encoding="utf-8")


def accepts(data):
    """Whether it is a frame, which can be sent again; anything but the documented error is a failure."""
    try:
        message = decode_binary(data)
    except BadInputError as error:
        if not str(error).isprintable():
            pytest.fail(f"more than one plain line: {error!r}")
        return False
    events.encode(message)
    encode_binary(message)
    return True


def a_frame():
    info, timing = events.FrameInfo(640, 480), events.TimingMs(0, 0, 0, 0, 0)
    return events.FrameMessage("cam0", 9, 10, 20, info, (a_full_face(270),), timing, "small@0123abcd")


def test_ten_thousand_mutated_frames_are_accepted_or_refused_but_never_raise_anything_else():
    good, chance = encode_binary(a_frame()), random.Random(7)
    accepted = 0
    for _ in range(10_000):
        data = bytearray(good)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if chance.random() < 0.2:
            del data[chance.randrange(len(data)) :]
        accepted += accepts(bytes(data))
    assert 500 < accepted < 9_000


FACE_JUNK = st.dictionaries(
    st.sampled_from(list(map(int, FaceKey))),
    st.one_of(
        st.none(), st.integers(), st.binary(max_size=80), st.lists(st.integers(), max_size=8), st.floats()
    ),
)


@settings(deadline=None)
@given(junk=st.one_of(FACE_JUNK, st.integers(), st.text(max_size=3)), data=st.binary(max_size=60))
def test_faces_of_junk_and_junk_itself_are_refused(junk, data):
    values = cbor2.loads(encode_binary(a_frame()))
    accepts(cbor2.dumps({**values, "faces": [junk]}))
    if isinstance(junk, dict):
        accepts(cbor2.dumps({**values, "faces": [{**values["faces"][0], **junk}]}))
    accepts(data)


@pytest.mark.parametrize(
    "data", [b"", b"\xa0", cbor2.dumps([1]), b"\x00" * 2_000_000, encode_binary(a_frame()) + b"\0"]
)
def test_what_is_no_binary_frame_is_refused(data):
    with pytest.raises(BadInputError):
        decode_binary(data)


def as_a_later_version_writes():
    """The map of a face with one more of all that may grow: a signal, a pose's number, a region, a key."""
    packed = cbor2.loads(encode_binary(a_frame()))["faces"][0]
    assert len(packed[FaceKey.SIGNALS]) == 15  # the counts of this version, kept here as they are
    assert (len(packed[FaceKey.POSE]), len(packed[FaceKey.BLINKS])) == (8, 2)
    return packed | {
        FaceKey.SIGNALS.value: packed[FaceKey.SIGNALS] + b"\x40",
        FaceKey.POSE.value: [*packed[FaceKey.POSE], 7],
        FaceKey.BLINKS.value: [*packed[FaceKey.BLINKS], 1],
        FaceKey.BOX.value: [*packed[FaceKey.BOX], 3],
        FaceKey.OCCLUDED.value: packed[FaceKey.OCCLUDED] | 1 << 7,
        FaceKey.LANDMARKS.value: packed[FaceKey.LANDMARKS] + b"\x01\x02",
        12: {"what": "a later version knows"},
    }


def test_what_a_later_version_adds_is_passed_over():
    values = cbor2.loads(encode_binary(a_frame()))
    later = values | {"faces": [as_a_later_version_writes()], "new": [1, {"a": None}]}
    read = decode_binary(cbor2.dumps(later))
    assert events.encode(read) == events.encode(decode_binary(encode_binary(a_frame())))


def test_what_an_earlier_version_did_not_know_is_missing():
    values = cbor2.loads(encode_binary(a_frame()))
    (face,) = values["faces"]
    face[FaceKey.SIGNALS.value] = face[FaceKey.SIGNALS][:3]
    (read,) = decode_binary(cbor2.dumps(values)).faces
    assert list(read.signals) == list(SIGNAL_NAMES[:3])


@pytest.mark.parametrize("count", [5, 98])
def test_the_number_of_points_is_that_of_the_scores(count):
    points = np.random.default_rng(1).uniform(0, 300, (count, 2))
    face = events.FaceMessage(1, 0.5, Box(0, 0, 300, 300), points, np.ones(count))
    frame = replace(a_frame(), faces=[face], scheme={5: "arcface_5", 98: "wflw_98"}[count])
    (read,) = decode_binary(encode_binary(frame)).faces
    near(read.landmarks, points, 1 / 32 + 0.006)
    with pytest.raises(BadInputError, match="wanted 68 points"):
        decode_binary(encode_binary(replace(frame, scheme=None)))


def test_points_of_a_scheme_that_nobody_here_knows_are_read():
    points = np.random.default_rng(1).uniform(0, 300, (33, 2))
    face = events.FaceMessage(1, 0.5, Box(0, 0, 300, 300), points, np.ones(33))
    frame = replace(a_frame(), faces=[face], scheme="later_33")
    assert decode_binary(encode_binary(frame)).faces[0].landmarks.shape == (33, 2)
    assert decode_line(events.encode(frame)).faces[0].landmarks.shape == (33, 2)

"""A stream that the version before msgspec recorded is read, and written again byte for byte."""

import numpy as np
import orjson
import pytest
from msgspec.structs import replace

from device.contract.geometry import Box
from device.messages import messages as events
from device.messages.cbor import decode_binary
from tests.conftest import ROOT

FOLDER = ROOT / "tests" / "device" / "messages" / "recorded"
LINES = (FOLDER / "stream-1.jsonl").read_bytes().splitlines(keepends=True)
BINARY = [bytes.fromhex(line) for line in (FOLDER / "frames.cbor.hex").read_text().split()]


@pytest.mark.parametrize("number", range(9))
def test_a_recorded_line_comes_back_byte_for_byte(number):
    line = LINES[number]
    assert events.encode(events.decode_line(line)) == line
    assert events.encode(events.decode_message(orjson.loads(line))) == line


def test_the_recording_holds_every_kind_of_a_running_stream():
    kinds = {type(events.decode_line(line)) for line in LINES}
    assert kinds == set(events.KINDS.values()) - {events.SelftestMessage}


def test_unrounded_numbers_are_written_as_they_were_then():
    rng = np.random.default_rng(3)
    points = rng.uniform(-3, 640, (68, 2)).astype(np.float32)
    points[0] = [-0.001, 0.004]
    face = events.FaceMessage(
        7, 0.98765, Box.around(points), points, rng.uniform(0, 1, 68).astype(np.float32),
        events.Pose(-0.001, 12.345, -3.14159, (-0.00001, 0.12345, 7.5), 640.0, 0.0125),
        {"jaw_open": -0.0001, "brow_frown": 0.5}, events.Blinks(3, 4), ["nose", "mouth"],
        points.astype(np.float64) + 0.125,
    )  # fmt: skip
    size = events.FrameInfo(640, 480, "a b/ü.png")
    timing = events.TimingMs(0.0005, 0.0015, 1.23456, 0.1, 2.0, 0.00049)
    message = events.FrameMessage(
        "images", 4, 10**15, 10**15 + 9, size, [face, face], timing, "small@0123abcd"
    )
    # But for these: 0 has no sign any more, and what lies in the middle is rounded to even.
    then = (
        b'"yaw":-0.0,"pitch":12.35,"roll":-3.14,"position":[-0.0,0.123,7.5],"focal_px":640.0,"misfit":0.013'
    )
    now = b'"yaw":0.0,"pitch":12.34,"roll":-3.14,"position":[0.0,0.123,7.5],"focal_px":640.0,"misfit":0.012'
    assert LINES[8].count(then) == 2
    expected = LINES[8].replace(then, now).replace(b'"find":0.001', b'"find":0.0')
    assert events.encode(message) == expected


def angles(pose):
    return [pose.yaw, pose.pitch, pose.roll]


def test_recorded_binary_frames_are_those_of_the_lines_but_for_the_rounding():
    frames = [events.decode_line(line) for line in LINES if line.startswith(b'{"type":"frame"')]
    assert len(frames) == len(BINARY) == 3
    for frame, packed in zip(frames, map(decode_binary, BINARY), strict=True):
        assert events.encode(replace(frame, faces=())) == events.encode(replace(packed, faces=()))
        for face, twin in zip(frame.faces, packed.faces, strict=True):
            assert (face.id, face.score, face.blinks) == (twin.id, twin.score, twin.blinks)
            np.testing.assert_allclose(angles(twin.pose), angles(face.pose), atol=0.01 + 1e-9)
            np.testing.assert_allclose(twin.landmarks, face.landmarks, atol=1 / 32 + 0.005)

"""Messages: what is encoded obeys the schema, is rounded, and holds no number that is not one."""

import json
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from jsonschema import Draft202012Validator

from device.contract.geometry import Box
from device.messages.json_decoder import decode_line
from device.messages.messages import (
    SCHEMA_FILE,
    ErrorMessage,
    FaceLost,
    FaceMessage,
    FrameInfo,
    FrameMessage,
    Health,
    Message,
    NamedFrame,
    Status,
    TimingMs,
    clock_pair,
    encode,
)
from device.support.condition import Condition, State

VALIDATOR = Draft202012Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))
IDENTITY = "student@0123abcd"
BOX = Box(1, 2, 3, 4)


def face(landmarks: Any = None, scores: Any = None, score: float = 0.5, box: Box = BOX) -> FaceMessage:
    return FaceMessage(
        id=1,
        score=score,
        box=box,
        landmarks=np.zeros((68, 2), np.float32) if landmarks is None else landmarks,
        landmark_scores=np.ones(68, np.float32) if scores is None else scores,
    )


def frame_message(*faces: FaceMessage, name: str | None = None) -> FrameMessage:
    timing = TimingMs(0.0, 0.12345, 1.0, 0.1, 1.4)
    return FrameMessage("cam0", 3, 10, 20, FrameInfo(640, 480, name), faces, timing, IDENTITY)


def sent(message: Message) -> dict[str, Any]:
    """The message as a reader gets it, after the schema has been asked."""
    line = encode(message)
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    decoded: dict[str, Any] = json.loads(line, parse_constant=pytest.fail)
    VALIDATOR.validate(decoded)
    return decoded


def test_a_frame_message_has_the_keys_of_schema_1_in_their_order() -> None:
    decoded = sent(frame_message(face(), name="a/b.png"))
    assert list(decoded) == [
        "type", "schema", "source", "sequence", "captured_ns", "published_ns", "frame", "faces",
        "timing_ms", "model",
    ]  # fmt: skip
    assert list(decoded["faces"][0]) == ["id", "score", "box", "landmarks", "landmark_scores"]
    assert list(decoded["timing_ms"]) == ["find", "crop", "infer", "decode", "total", "signal"]
    assert decoded["frame"] == {"width": 640, "height": 480, "name": "a/b.png"}
    assert decoded["timing_ms"]["crop"] == 0.123


def test_no_face_is_an_empty_list_and_a_camera_has_no_name() -> None:
    decoded = sent(frame_message())
    assert decoded["faces"] == []
    assert decoded["frame"] == {"width": 640, "height": 480}


def an_error(name: str | None = None) -> ErrorMessage:
    frame = None if name is None else NamedFrame(name)
    return ErrorMessage(source="cam0", sequence=1, captured_ns=2, published_ns=3, frame=frame, reason="why")


PIXELS = st.floats(-30000, 30000, width=32)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(data=st.data())
def test_coordinates_are_rounded_to_a_hundredth_and_scores_to_a_thousandth(
    dtype: type, data: st.DataObject
) -> None:
    landmarks = data.draw(arrays(np.float32, (68, 2), elements=PIXELS)).astype(dtype)
    scores = data.draw(arrays(np.float32, 68, elements=st.floats(0, 1, width=32))).astype(dtype)
    got = sent(frame_message(face(landmarks, scores, float(scores[0]))))["faces"][0]
    # Half a step, and what float32 itself cannot tell apart at 30000.
    np.testing.assert_allclose(got["landmarks"], landmarks, atol=0.005 + 0.002)
    np.testing.assert_allclose(got["landmark_scores"], scores, atol=0.0005 + 1e-6)
    assert got["score"] == pytest.approx(float(scores[0]), abs=0.0005 + 1e-9)
    for number in np.ravel(got["landmarks"]):
        assert len(str(abs(number)).partition(".")[2]) <= 2
    for number in got["landmark_scores"]:
        assert len(str(number).partition(".")[2]) <= 3


def test_arrays_in_any_memory_order_are_sent_the_same() -> None:
    landmarks = np.random.default_rng(0).uniform(0, 640, (68, 2))
    plain = encode(frame_message(face(landmarks)))
    assert encode(frame_message(face(np.asfortranarray(landmarks)))) == plain
    assert encode(frame_message(face(np.repeat(landmarks, 2, axis=0)[::2]))) == plain


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["landmarks", "scores", "score", "box"])
def test_a_face_with_a_number_that_is_not_finite_is_left_out(bad: float, where: str) -> None:
    landmarks, scores = np.zeros((68, 2)), np.ones(68)
    wrong: dict[str, Any] = {"landmarks": landmarks, "scores": scores}
    if where in wrong:
        wrong[where].flat[5] = bad
    else:
        wrong[where] = bad if where == "score" else Box(0, 0, bad, 1)
    good = face(np.full((68, 2), 7.0))
    decoded = sent(frame_message(face(**wrong), good))
    assert [kept["landmarks"][0] for kept in decoded["faces"]] == [[7, 7]]


def test_the_other_messages_obey_the_schema() -> None:
    lost = Condition(State.LOST, "unplugged")
    assert sent(FaceLost("demo", 5, 1, 2, 9))["id"] == 9
    assert sent(Status("cam0", 5, camera=lost))["camera"] == {"state": "lost", "reason": "unplugged"}
    assert sent(Status("cam0", 5))["broker"] == {"state": "ok", "reason": ""}
    assert "frame" not in sent(an_error())
    assert sent(an_error("a.png"))["frame"] == {"name": "a.png"}


def test_health_leaves_out_what_it_does_not_know() -> None:
    bare = sent(Health("demo", 1, 2, 3.0, 4, 5, 6, fps=float("nan")))
    assert not {"fps", "latency_ms_p50", "latency_ms_p95", "rss_mb"} & set(bare)
    full = sent(Health("demo", 1, 2, 3.0, 4, 5, 6, 29.97123, 2.5, 3.5, 90.0))
    assert full["fps"] == 29.971


def test_the_clock_pair_relates_two_clocks_of_one_instant() -> None:
    monotonic_ns, utc_ns = clock_pair()
    later = time.time_ns() - time.monotonic_ns()
    assert abs((utc_ns - monotonic_ns) - later) < 50_000_000


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("type", "frames"),
        ("schema", 2),
        ("sequence", -1),
        ("faces", None),
        ("model", "student"),
        ("source", ""),
    ],
)
def test_the_schema_refuses_a_wrong_value(key: str, value: object) -> None:
    decoded = sent(frame_message(face()))
    assert not VALIDATOR.is_valid({**decoded, key: value})
    del decoded[key]
    assert not VALIDATOR.is_valid(decoded)


def test_the_schema_lets_new_keys_pass_everywhere() -> None:
    decoded = sent(frame_message(face()))
    decoded["new"] = decoded["frame"]["new"] = decoded["faces"][0]["new"] = decoded["timing_ms"]["new"] = 1
    VALIDATOR.validate(decoded)


def test_one_face_is_encoded_in_well_under_a_frame() -> None:
    message = frame_message(face(np.random.default_rng(0).uniform(0, 640, (68, 2))))
    durations = []
    for _ in range(50):
        start = time.perf_counter()
        encode(message)
        durations.append(time.perf_counter() - start)
    assert min(durations) < 0.15e-3


def test_arkits_shapes_stand_among_the_signals_of_the_line_and_apart_in_memory():
    points, shapes = np.zeros((68, 2)), {"jawOpen": 0.25, "eyeWideLeft": 0.5}
    face = FaceMessage(
        1, 0.9, Box(0, 0, 1, 1), points, np.ones(68), signals={"smile_left": 0.5}, arkit=shapes
    )
    info, timing = FrameInfo(640, 480), TimingMs(0, 0, 0, 0, 0)
    line = encode(FrameMessage("cam0", 3, 1, 2, info, [face], timing, "small@0123abcd"))
    assert json.loads(line)["faces"][0]["signals"] == {"smile_left": 0.5, "arkit": shapes}
    (read,) = decode_line(line).faces
    assert (read.signals, read.arkit) == ({"smile_left": 0.5}, shapes)
    # An object that a later version may put there is passed over.
    (later,) = decode_line(line.replace(b'"arkit"', b'"other"')).faces
    assert (later.signals, later.arkit) == ({"smile_left": 0.5}, None)

"""The table: read back by the standard library's reader and compared with the messages themselves."""

import csv

import numpy as np

from device.contract.geometry import Box
from device.contract.landmarks import ibug_68, wflw_98
from device.messages import messages as events
from device.messages.signals import SIGNAL_NAMES
from device.sinks import open_sink
from device.support.condition import State

TIMING = events.TimingMs(0, 0, 0, 0, 0)


def a_face(number, points=68):
    rng = np.random.default_rng(number)
    return events.FaceMessage(
        id=number, score=0.5, box=Box(1.0, 2.0, 3.0, 4.0),
        landmarks=rng.uniform(0, 100, (points, 2)).astype(np.float32),
        landmark_scores=np.ones(points, np.float32),
        pose=events.Pose(10.0, -5.0, 2.5, (0.0, 0.0, 5.0), 600.0, 0.1) if number == 1 else None,
        signals={"smile_left": 0.25},
    )  # fmt: skip


def a_frame(sequence, *faces, name=None, scheme=None):
    info = events.FrameInfo(640, 480, name)
    return events.FrameMessage("images", sequence, 7, 8, info, list(faces), TIMING, "m@0", scheme)


def rows_after(path, *messages):
    sink = open_sink(f"csv:{path}")
    for message in messages:
        sink.publish(message, events.encode(message))
    condition = sink.condition
    sink.close()
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream)), condition


def test_each_face_has_a_row_and_a_frame_without_one_too(tmp_path):
    first, second = a_face(1), a_face(2)
    rows, _ = rows_after(
        tmp_path / "new" / "t.csv", a_frame(0, first, second), events.Status("cam0", 1), a_frame(1)
    )
    assert [(row["sequence"], row["face"]) for row in rows] == [("0", "1"), ("0", "2"), ("1", "")]
    assert len(rows[0]) == 5 + 9 + len(SIGNAL_NAMES) + 2 * 68
    assert (rows[0]["yaw"], rows[0]["pitch"], rows[0]["roll"], rows[1]["yaw"]) == ("10.0", "-5.0", "2.5", "")
    assert (rows[0]["smile_left"], rows[0]["smile_right"]) == ("0.25", "")
    for row, face in zip(rows, (first, second), strict=False):
        points = [(row[f"{name}_x"], row[f"{name}_y"]) for name in ibug_68.landmark_names]
        assert np.array_equal(np.array(points, np.float64), face.landmarks)
    assert set(rows[2].values()) == {"1", "7", "", "640", "480"}


def test_names_are_quoted_and_never_formulas(tmp_path):
    names = ['a "b", c.png', "=HYPERLINK(1).png", "+1.png", "-1.png", "@x.png", "ü/1.png", "two\nlines.png"]
    rows, _ = rows_after(tmp_path / "t.csv", *(a_frame(i, name=name) for i, name in enumerate(names)))
    assert [row["name"] for row in rows] == [f"'{name}" if name[0] in "=+-@" else name for name in names]


def test_another_scheme_sets_the_columns_or_is_left_out(tmp_path):
    rows, condition = rows_after(
        tmp_path / "t.csv", a_frame(0, a_face(1, 98), scheme="wflw_98"), a_frame(1, a_face(1))
    )
    assert len(rows) == 1
    assert f"{wflw_98.landmark_names[97]}_x" in rows[0]
    assert condition.state == State.DEGRADED


def test_every_piece_begins_with_the_names_of_its_columns(tmp_path):
    sink = open_sink(f"csv:{tmp_path}/t.csv?max_mb=0.005&keep=9")
    for number in range(6):
        sink.publish(a_frame(number, a_face(1)), b"")
    sink.close()
    pieces = sorted(tmp_path.glob("t.csv*"))
    assert len(pieces) > 2
    assert {piece.read_bytes().split(b",")[0] for piece in pieces} == {b"sequence"}
    assert sum(len(piece.read_bytes().splitlines()) - 1 for piece in pieces) == 6

"""The self-test's sums, and the command as a user runs it."""

import json
import subprocess
import sys

import numpy as np
import pytest

from device.checks.selftest.program import Budget, check_budget
from device.checks.selftest.timing import (
    WARM_UP,
    faces_in_place,
    live_figures,
    tracked_figures,
    unfollowed_fraction,
)
from device.checks.timing import TimedFrame
from device.contract.errors import BadInputError
from device.contract.geometry import Box
from device.sources.demo_path import FACE_BOX, DemoPath
from tests.firmware_config.garbled import write_garbled_model

BUDGET = Budget(message_ms=2.0, spread=2.5, memory_mb=110.0)


IN_PLACE = Box.centred((320, 240), (260, 264))
"""Of the demo's face at the start of its round: in the middle of 640 x 480, 0.55 of its height."""


def a_timed(ms, faces=1, searched=False, sequence=0):
    spent_ms = {"find": 0.0, "total": ms - 0.1, "message": ms}
    return TimedFrame(sequence, searched, (IN_PLACE,) * faces, spent_ms)


def figures(p50=1.5, p99=3.0, memory=90.0, dropped=0, unfollowed=0.0, elsewhere=0.0):
    message = {"p50": p50, "p95": p50, "p99": p99}
    return {
        "tracked": {"stages_ms": {"message": message}},
        "live": {"peak_memory_mb": memory, "dropped": dropped, "frames": 100},
        "unfollowed": unfollowed,
        "elsewhere": elsewhere,
    }


def failed(**changed):
    return [check.name for check in check_budget(BUDGET, figures(**changed)) if not check.passed]


def test_each_figure_beyond_its_budget_fails_by_name():
    assert failed() == []
    assert failed(p50=2.01, p99=4.0) == ["capture to message, p50 ms"]
    assert failed(p99=3.76) == ["capture to message, p99 / p50"]
    assert failed(memory=111.0) == ["memory, MB"]
    assert failed(dropped=2) == ["dropped, fraction of live frames"]
    assert failed(unfollowed=0.02) == ["face not followed, fraction of frames"]


def test_a_busy_machine_is_named_as_the_likely_cause():
    slow = check_budget(BUDGET, figures(p50=9.0, elsewhere=0.4))[0]
    assert "40% of the time went to other programs" in slow.remedy


def test_tracked_frames_are_those_with_one_face_and_no_search():
    timed = [a_timed(1.0), a_timed(2.0), a_timed(3.0), a_timed(50.0, searched=True), a_timed(70.0, faces=0)]
    told = tracked_figures(timed)
    assert told["frames"] == 3
    assert told["stages_ms"]["message"]["p50"] == 2.0
    assert told["with_search"]["frames"] == 4
    assert told["with_search"]["message_ms"]["p50"] == 2.5


def test_a_model_that_follows_nothing_is_an_error_and_not_a_division_by_zero():
    with pytest.raises(BadInputError, match="no face"):
        tracked_figures([a_timed(1.0, faces=0)])


def test_a_face_counts_only_where_the_demo_has_it():
    def counted(*boxes):
        return faces_in_place(TimedFrame(0, False, boxes, {}))

    assert counted(IN_PLACE) == 1
    assert counted(Box.centred((480, 240), (260, 264))) == 0
    assert counted(Box.centred((320, 240), (80, 80)), IN_PLACE) == 1


def test_frames_with_the_face_out_of_view_do_not_count_as_unfollowed():
    # The demo's round: 12 s at 30 fps, the face certainly in view in the first 6.6 s.
    numbers = range(WARM_UP, WARM_UP + 360)
    xs, ys = (FACE_BOX.x_min, FACE_BOX.x_max), (FACE_BOX.y_min, FACE_BOX.y_max)
    corners = np.array([(x, y) for x in xs for y in ys])

    def timed(number, followed):
        box = Box.around(DemoPath().photo_to_frame(number).frame_to_crop(corners))
        return TimedFrame(number, False, (box,) if followed else (), {})

    in_view = [timed(number, followed=number / 30 % 12 < 6.6) for number in numbers]
    assert unfollowed_fraction(in_view) == 0.0
    assert unfollowed_fraction([timed(number, followed=False) for number in numbers]) == 1.0


def test_live_figures_count_the_gaps_and_take_the_readers_own_clock():
    timing = {"find": 0.0, "crop": 0.2, "infer": 0.7, "decode": 0.1, "total": 1.1}
    numbers = [10, 11, 13, 14, 17]
    arrived = [
        (4.0, {"sequence": n, "captured_ns": n * 10**8, "faces": [1], "timing_ms": timing}) for n in numbers
    ]
    told = live_figures(arrived)
    assert told["dropped"] == 3
    assert told["fps"] == pytest.approx(4 / 0.7)
    assert told["stages_ms"]["message"]["p99"] == 4.0
    assert told["stages_ms"]["infer"]["p50"] == 0.7


def selftest(root, *words):
    command = [sys.executable, "-m", "device", "selftest", "--frames", "30", *map(str, words)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)


def test_quick_tells_whether_the_model_is_right_and_no_times(root, tmp_path):
    good = selftest(root, "--quick")
    assert good.returncode == 0, good.stderr
    assert [line.split()[0] for line in good.stdout.splitlines()] == ["ok"] * 3
    assert " ms" not in good.stdout
    bad = write_garbled_model(tmp_path / "bad") / "student.tflite"
    blind = selftest(root, "--quick", "--model", bad)
    assert blind.returncode == 4, blind.stderr
    assert "face not followed" in blind.stderr


def test_a_budget_that_cannot_be_met_is_exit_code_4_with_a_report(root):
    done = selftest(root, "--json", "--budget", "0.0001")
    assert done.returncode == 4, done.stderr
    assert "capture to message, p50 ms" in done.stderr
    assert "Traceback" not in done.stderr
    report = json.loads(done.stdout)
    assert report["type"] == "selftest"
    assert report["passed"] is False
    by_name = {check["name"]: check for check in report["checks"]}
    assert not by_name["capture to message, p50 ms"]["passed"]
    assert by_name["golden finder"]["passed"]
    assert by_name["memory, MB"]["passed"], by_name["memory, MB"]
    assert report["figures"]["tracked"]["stages_ms"]["message"]["p50"] > 0
    assert report["processor"]

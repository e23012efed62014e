"""The ratios that `bench` prints, from figures made up."""

import pytest

from device.checks.bench.program import lines_of, ratios_of


def spread_of(p50):
    return {"p50": p50, "p95": p50, "p99": p50}


FIGURES = {
    "model": "small@0123abcd",
    "threads": 1,
    "processor": "a processor",
    "stages_ms": {"network": spread_of(2.0)},
    "further_face_ms": 2.2,
    "ratio_to_mediapipe": {"network": 0.8},
    "video_ms": {
        "tracked frame, capture to message": spread_of(3.0),
        "mediapipe video mode": spread_of(6.0),
    },
    "live_ms": {"tracked": 4.0, "rested": 4.5, "live": 5.0},
    "start": {"first_landmarks_s": 0.5, "peak_memory_mb": 75.0},
}


def test_every_figure_is_divided_by_what_it_is_compared_with():
    assert ratios_of(FIGURES) == {
        "network to MediaPipe's": 0.8,
        "tracked frame with its message to FaceMesh's video mode": 0.5,
        "a further face to the network": pytest.approx(1.1),
        "live to tracked": 1.25,
        "live to tracked after a rest": pytest.approx(5 / 4.5),
    }


def test_without_mediapipe_its_ratios_are_left_out():
    video = {"tracked frame, capture to message": spread_of(3.0)}
    alone = {**FIGURES, "ratio_to_mediapipe": {}, "video_ms": video}
    assert set(ratios_of(alone)) == {
        "a further face to the network",
        "live to tracked",
        "live to tracked after a rest",
    }


def test_the_ratios_close_the_page():
    lines = lines_of(FIGURES | {"ratios": ratios_of(FIGURES)})
    assert [line.split()[-1] for line in lines[-2:]] == ["1.25", "1.11"]

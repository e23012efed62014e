"""Several faces at once, each in a thread with a network of its own: the same as one after the other."""

import logging
import shutil
import threading
import time

import numpy as np
import pytest

from device.checks.tracking.crowd import CENTERS, crowd_of
from device.checks.tracking.play import TruthFinder
from device.inference import network as network_module
from device.inference.models import find_model
from device.inference.network import MOST_AT_ONCE, LandmarkNetwork
from device.tracking.settings import TrackerSettings
from device.tracking.side_by_side import run_side_by_side
from device.tracking.tracker import Tracker


@pytest.fixture
def cores(monkeypatch):
    """A machine with so many cores."""
    return lambda count: monkeypatch.setattr(network_module, "usable_cores", lambda: count)


@pytest.mark.parametrize("workers", [1, 2, 3, 4])
@pytest.mark.parametrize("things", [0, 1, 2, 3, 7, 8])
def test_results_come_in_the_order_of_the_things_whoever_did_them(workers, things):
    calls = [lambda thing, worker=worker: (thing, worker) for worker in range(workers)]
    results = run_side_by_side(calls, range(things))
    assert results == [(thing, thing % workers) for thing in range(things)]


def test_workers_are_at_work_at_the_same_time():
    meeting = threading.Barrier(3, timeout=10)
    threads = run_side_by_side([lambda _: (meeting.wait() and None) or threading.get_ident()] * 3, range(3))
    assert len(set(threads)) == 3
    assert threads[0] == threading.get_ident()


def test_what_a_worker_raises_reaches_the_caller_and_the_threads_work_on():
    def fail(thing):
        raise ValueError(thing)

    with pytest.raises(ValueError, match="1"):
        run_side_by_side([lambda thing: thing, fail], [0, 1])
    ended = []
    with pytest.raises(ValueError, match="0"):
        run_side_by_side([fail, lambda thing: time.sleep(0.05) or ended.append(thing)], [0, 1])
    assert ended == [1]
    assert run_side_by_side([lambda thing: thing] * 2, [0, 1]) == [0, 1]


def test_a_model_has_as_many_networks_as_there_are_cores_for(cores):
    cores(3)
    network = LandmarkNetwork(find_model("tiny"))
    assert network.side_by_side(1) == network.side_by_side(0) == [network]
    two = network.side_by_side(2)
    assert network.side_by_side(8)[:2] == two
    assert [len(network.side_by_side(most)) for most in (0, 1, 2, 3, 8)] == [1, 1, 2, 3, 3]
    assert len(LandmarkNetwork(find_model("tiny"), threads=2).side_by_side(8)) == 1
    cores(64)
    assert len(LandmarkNetwork(find_model("tiny")).side_by_side(64)) == MOST_AT_ONCE


@pytest.mark.parametrize("replaced_by", ["base", None])
def test_a_file_that_was_replaced_meanwhile_gives_no_second_network(cores, tmp_path, caplog, replaced_by):
    def put(name):
        for file in find_model(name).parent.glob("student.*"):
            shutil.copy(file, tmp_path)

    cores(4)
    put("tiny")
    network = LandmarkNetwork(tmp_path / "student.tflite")
    if replaced_by:
        put(replaced_by)
    else:
        (tmp_path / "student.tflite").unlink()
    with caplog.at_level(logging.WARNING):
        assert network.side_by_side(4) == [network]
        assert network.side_by_side(4) == [network]
    assert [line.message.split(":")[0] for line in caplog.records] == [
        "faces are looked at one after the other"
    ]


def followed():
    """Landmarks of eight faces over six frames, and the milliseconds of their stages in the last."""
    image, truths = crowd_of(len(CENTERS))
    finder = TruthFinder()
    finder.truths = truths
    tracker = Tracker(LandmarkNetwork(find_model("tiny")), finder, TrackerSettings(max_faces=len(CENTERS)))
    frames = [tracker.track(np.roll(image, shift, axis=1), shift * 33_000_000) for shift in range(6)]
    assert all(len(frame.faces) == len(CENTERS) for frame in frames)
    landmarks = np.array([[face.landmarks_frame for face in frame.faces] for frame in frames])
    return landmarks, frames[-1].timing_ms


def test_faces_are_the_same_however_many_are_looked_at_at_once(cores):
    cores(1)
    alone, _ = followed()
    cores(3)
    at_once, timing_ms = followed()
    assert np.array_equal(alone, at_once)
    assert min(timing_ms[stage] for stage in ("crop", "infer", "decode")) > 0

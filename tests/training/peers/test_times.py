import cv2
import numpy as np
import pytest

from device.checks import timing
from device.contract.errors import BadInputError
from tests.training.peers.made import Knowing, constant_file, line_of
from training.peers import times
from training.peers.openseeface import FINDER_FILE, LANDMARK_FILE, openseeface_peer
from training.peers.own import own_peer
from training.peers.peer import CROP, DECODE, FIND, LOOK, NETWORK, SEARCH, Peer
from training.peers.scene import demo_scene
from training.peers.start import measure_start


class Ticking:
    """A clock that every call moves on by its own time."""

    def __init__(self):
        self.now_ns = 0

    def perf_counter_ns(self):
        return self.now_ns

    def spend(self, milliseconds):
        self.now_ns += round(milliseconds * 1e6)


class Timed(Knowing):
    """A peer whose stages take a known time."""

    def __init__(self, clock, scale):
        self.clock, self.scale = clock, scale

    def calls(self, image, box):
        spends = {CROP: 1, NETWORK: 5, DECODE: 2, LOOK: 8}
        return {stage: lambda ms=ms: self.clock.spend(ms * self.scale) for stage, ms in spends.items()}

    def find(self, image):
        self.clock.spend(20 * self.scale)

    def faces(self, image):
        self.clock.spend(30 * self.scale)


def test_each_stage_has_its_own_time(monkeypatch):
    clock = Ticking()
    monkeypatch.setattr(timing, "time", clock)
    whole, looks = Timed(clock, 1), Timed(clock, 0.5)
    line = line_of(Peer("whole", "1", (), whole, whole), Peer("looks", "1", (), looks))
    measured = times.measure_times(line, None, None, rounds=2)
    assert measured["whole"] == {CROP: 1, NETWORK: 5, DECODE: 2, LOOK: 8, FIND: 20, SEARCH: 30}
    assert measured["looks"] == {CROP: 0.5, NETWORK: 2.5, DECODE: 1, LOOK: 4}


def test_a_program_in_a_process_of_its_own_takes_its_own_time(monkeypatch):
    class Mesh:
        def landmarks(self, pictures):
            self.spent_ms = [3.0 + number for number, _ in enumerate(pictures)]

    searcher = object.__new__(times.FaceMeshSearcher)
    searcher.mesh = Mesh()
    line = line_of(Peer("FaceMesh", "0.10.14", (), searcher=searcher))
    assert times.measure_times(line, None, None, rounds=1) == {"FaceMesh": {SEARCH: 7.5}}


def test_our_models_have_every_stage():
    image, box = demo_scene()
    peer = own_peer("tiny")
    calls = peer.looker.calls(image, box)
    assert list(calls) == [CROP, NETWORK, DECODE, LOOK]
    landmarks = calls[LOOK]()
    assert calls[DECODE]() == pytest.approx(landmarks)
    (face,) = peer.searcher.faces(image)
    assert face.box.iou(box) > 0.5
    assert np.abs(face.landmarks - landmarks).mean() < 0.03 * box.longest_side


def test_a_start_ends_with_landmarks_in_a_process_of_its_own(monkeypatch):
    image, box = demo_scene()
    start = measure_start(line_of(own_peer("tiny")), image, box, repeats=1)["landmarks tiny"]
    assert 0.05 < start.seconds < 120
    # Python with numpy, OpenCV and LiteRT, and without torch.
    assert 40 < start.memory_mb < 250


def test_a_peer_that_finds_nothing_is_told(tmp_path):
    takes = (1, 3, 224, 224)
    constant_file(tmp_path / LANDMARK_FILE, takes, np.zeros((1, 198, 28, 28), np.float32))
    constant_file(
        tmp_path / FINDER_FILE, takes,
        np.zeros((1, 2, 56, 56), np.float32), np.zeros((1, 1, 56, 56), np.float32),
    )  # fmt: skip
    with pytest.raises(BadInputError, match=r"found no face in the demo \(AssertionError\)"):
        measure_start(line_of(openseeface_peer(tmp_path)), *demo_scene(), repeats=1)


def test_the_scene_is_a_frame_of_a_camera():
    image, _ = demo_scene()
    assert image.shape == (480, 640, 3)
    assert cv2.Laplacian(image, cv2.CV_64F).var() > 1

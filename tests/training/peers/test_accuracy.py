import numpy as np
import pytest

from device.contract.landmarks import ibug_68
from tests.training.peers.made import Knowing, knowing_peer, line_of
from tests.training.report.test_scheme_offsets import faces, off_by
from training.peers import accuracy, robustness
from training.peers.accuracy import measure_accuracy
from training.peers.hardship import HARDSHIPS
from training.peers.kept import Kept
from training.peers.peer import Face, Peer
from training.peers.robustness import measure_robustness


@pytest.fixture
def set_of_faces(monkeypatch):
    for module in (accuracy, robustness):
        monkeypatch.setattr(module, "read_face_picture", lambda sample: np.zeros((9, 9, 3), np.uint8))
    return faces(40)


class FivePoints(Knowing):
    """A finder with five points."""

    def faces(self, image):
        (face,) = super().faces(image)
        return [Face(face.box, face.five, None)]


def test_offsets_do_not_count_and_missed_faces_do(set_of_faces):
    samples, poses = set_of_faces
    truth = [sample.landmarks.astype(float) for sample in samples]
    offset = np.random.default_rng(4).normal(0, 0.1, (68, 2)) @ [1, 1j]
    found = [None, *off_by(samples, poses, offset)[1:]]
    rng = np.random.default_rng(0)
    jaw = len(ibug_68.groups["jaw"])
    shaky = [
        points + np.where(np.arange(68) < jaw, 3.0, 0.0)[:, None] * rng.normal(0, 1, (68, 2))
        for points in truth
    ]
    peers = line_of(
        knowing_peer("offset", off_by(samples, poses, offset), found),
        knowing_peer("shaky jaw", shaky),
        Peer("five", "1", (), None, FivePoints(truth)),
    )
    tables = measure_accuracy(peers, samples)
    row = tables.from_box["offset"]
    assert tables.points == 68
    assert row.nme > 2 * row.without_offsets
    assert row.missed == 0
    assert tables.from_box["shaky jaw"].jaw > 10 * tables.from_box["shaky jaw"].inner
    assert sum(band.count for band in row.by_yaw.values()) == 40
    assert len(row.errors) == 40
    searched = tables.by_finder["offset"]
    assert searched.missed == pytest.approx(1 / 40)
    assert searched.failures == pytest.approx(1 / 40)
    assert searched.nme == pytest.approx(np.mean(row.nme), rel=0.05)
    five = tables.by_finder["five"]
    assert five.nme is None
    assert five.five == pytest.approx(0, abs=1e-6)
    assert list(tables.by_finder) == ["offset", "five"]


def test_a_curve_begins_at_zero_for_one_who_knows_and_goes_on_where_it_was(set_of_faces, tmp_path):
    """The truth of the clear picture: right until the picture is turned or shrunk."""
    samples, _ = set_of_faces
    clear = [
        robustness.portrait(np.zeros((9, 9, 3), np.uint8), face.landmarks.astype(float))[1]
        for face in samples
    ]
    peer = knowing_peer("knows", clear)
    kept = Kept(tmp_path, {})
    measured = measure_robustness(line_of(peer), samples, kept)
    for hardship in HARDSHIPS:
        curve = measured.curves[hardship.name]["knows"]
        assert len(curve) == 1 + len(hardship.levels)
        assert curve[0] == pytest.approx(0, abs=1e-6)
        moves = hardship.name in ("rotation", "size")
        assert (curve[1] > 0.05) == moves
    asked = peer.looker.asked
    assert asked == 40 * (1 + sum(len(hardship.levels) for hardship in HARDSHIPS))
    assert measure_robustness(line_of(peer), samples, kept) == measured
    assert peer.looker.asked == asked

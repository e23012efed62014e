"""Frames in turns with another tracker, which a small program stands for here."""

import sys

import numpy as np
import pytest

from device.checks.bench import video as video_bench
from device.checks.bench.video import BLOCK, TurnSource, VideoPeer, measure_video, rocking_frames

FAKE_WORKER = """
import json, sys
for line in sys.stdin:
    print(json.dumps([float(number) for number in range(int(line))]), flush=True)
"""


def test_the_frames_rock_without_a_jump():
    frames = rocking_frames(5).astype(int)
    assert len(frames) == 8
    steps = [abs(frames[n] - frames[(n + 1) % 8]).mean() for n in range(8)]
    # There and back: each step is taken twice, the last one leads to the first frame.
    assert steps[:4] == steps[:3:-1]


@pytest.fixture
def fake_peer(tmp_path, monkeypatch):
    worker = tmp_path / "worker.py"
    worker.write_text(FAKE_WORKER)
    monkeypatch.setattr(video_bench, "WORKER", worker)
    monkeypatch.setattr(video_bench, "WARM_ROUNDS", 1)


def test_both_see_equally_many_frames_a_block_each(fake_peer, tmp_path):
    peer = VideoPeer(sys.executable, tmp_path / "frames.npy")
    source = TurnSource(np.zeros((4, 2, 2, 3), np.uint8), peer, rounds=3)
    turns = [(frame.sequence, len(source.peer_ms)) for frame in source]
    peer.close()
    assert turns[0] == (0, BLOCK)
    assert turns[BLOCK] == (BLOCK, 2 * BLOCK)
    assert len(turns) == len(source.peer_ms) == 4 * BLOCK


def test_the_warm_up_is_left_out_and_a_missing_peer_has_no_row(fake_peer):
    told = measure_video("small", 1, None, rounds=3)
    assert set(told) == {"tracked frame, capture to message", "the same with searching frames"}
    assert all(0 < spread["p50"] <= spread["p99"] for spread in told.values())
    with_peer = measure_video("small", 1, sys.executable, rounds=3)
    # The fake peer's blocks are 0 to 9 ms.
    assert with_peer["mediapipe video mode"]["p50"] == 4.5

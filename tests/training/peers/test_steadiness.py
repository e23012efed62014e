import numpy as np
import pytest

from device.checks.jitter.sitter import EYE_DISTANCE_PX
from device.contract.landmarks import ibug_68
from tests.training.peers.made import knowing_peer, line_of
from training.peers import steadiness
from training.peers.steadiness import EACH, FOLLOWING, FRAMES, ONE_BOX, SETTLE, measure_steadiness


@pytest.fixture
def film(monkeypatch):
    """No picture is looked at, and our own models do not take part."""
    box = steadiness.Box(100, 100, 300, 300)
    monkeypatch.setattr(steadiness, "noisy_frames", lambda sitter, path: [(None, box)] * FRAMES)
    monkeypatch.setattr(steadiness, "MODELS", ())


def shaking(sigma, points=slice(None)):
    """Landmarks in a box, each frame's off by a random vector of that root mean square length."""
    rng = np.random.default_rng(0)
    still = np.column_stack([np.linspace(100, 300, 68), np.linspace(300, 100, 68)])
    off = np.zeros((FRAMES, 68, 2))
    off[:, points] = rng.normal(0, sigma / np.sqrt(2), (FRAMES, 68, 2))[:, points]
    return list(still + off)


def test_jitter_is_a_root_mean_square_of_the_inner_points(film):
    jaw = list(ibug_68.groups["jaw"])
    restless = shaking(50)
    restless[SETTLE:] = shaking(0)[SETTLE:]
    peers = line_of(
        knowing_peer("shaking", shaking(1.5), shaking(3)),
        knowing_peer("jaw alone", shaking(30, jaw)),
        knowing_peer("settles", restless),
        knowing_peer("misses", shaking(1), [None]),
    )
    measured = measure_steadiness(peers, [None, None])
    one_box = measured[ONE_BOX]
    assert one_box["shaking"].median == pytest.approx(1.5 / EYE_DISTANCE_PX, rel=0.05)
    assert one_box["jaw alone"].median == pytest.approx(0, abs=1e-9)
    assert one_box["settles"].median == pytest.approx(0, abs=1e-9)
    assert measured[EACH]["shaking"].median == pytest.approx(3 / EYE_DISTANCE_PX, rel=0.05)
    assert measured[EACH]["misses"] is None
    assert measured[FOLLOWING]["shaking"] is None

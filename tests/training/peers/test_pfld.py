import numpy as np
import pytest

from device.contract.errors import BadInputError
from device.contract.geometry import Box
from tests.training.peers.made import constant_file
from training.peers.pfld import pfld_peer

TAKES = (1, 3, 112, 112)


def test_its_points_are_fractions_of_a_square_about_the_box(tmp_path):
    sides = np.linspace(0, 0.97, 196, dtype=np.float32)[None]
    peer = pfld_peer(constant_file(tmp_path / "PFLD.onnx", TAKES, sides))
    landmarks = peer.looker.look(np.zeros((300, 300, 3), np.uint8), Box(99.5, 119.5, 199.5, 179.5))
    assert landmarks.shape == (68, 2)
    # 120 pixels from 90 and 90 on; the chin is the 17th of the 98 points, and the ninth of the 68.
    assert landmarks[8] == pytest.approx(90 + 120 * sides[0, 32:34], abs=1e-4)
    # The tip of the nose: 55th of WFLW, 31st of 300-W.
    assert landmarks[30] == pytest.approx(90 + 120 * sides[0, 108:110], abs=1e-4)
    assert peer.searcher is None


def test_a_file_of_68_points_is_refused(tmp_path):
    with pytest.raises(BadInputError, match="is it PFLD's file"):
        pfld_peer(constant_file(tmp_path / "PFLD.onnx", TAKES, np.zeros((1, 136), np.float32)))

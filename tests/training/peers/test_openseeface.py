import numpy as np
import pytest

from device.contract.errors import BadInputError, MissingOutsideError
from device.contract.geometry import Box
from tests.training.peers.made import constant_file
from training.peers.openseeface import (
    FINDER_FILE,
    LANDMARK_FILE,
    OpenSeeFaceLooker,
    decode_maps,
    normalised,
    openseeface_peer,
)

TAKES = (1, 3, 224, 224)


def maps_of(row, column, down=0.5, right=0.5):
    """Every point in one cell, so far from it."""
    maps = np.zeros((198, 28, 28), np.float32)
    maps[:66, row, column], maps[66:132, row, column], maps[132:, row, column] = 0.9, down, right
    return maps


@pytest.fixture
def folder(tmp_path):
    """Its files: all points halfway down the crop's right edge, a face in the middle of the frame."""
    constant_file(tmp_path / LANDMARK_FILE, TAKES, maps_of(14, 27)[None])
    found, highest = np.zeros((1, 2, 56, 56), np.float32), np.zeros((1, 1, 56, 56), np.float32)
    found[0, :, 28, 28], highest[0, 0, 28, 28] = (0.8, 0.5), 0.8
    found[0, 0, 28, 29] = 0.7  # no peak: its neighbour is higher
    highest[0, 0, 28, 29] = 0.8
    constant_file(tmp_path / FINDER_FILE, TAKES, found, highest)
    return tmp_path


def test_a_point_lies_in_its_cell_moved_by_a_logit():
    assert decode_maps(maps_of(9, 18))[5] * 224 == pytest.approx([223 * 18 / 27, 223 * 9 / 27])
    # A logit of 1 is a sixteenth of the crop.
    one = 1 / (1 + np.exp(-1.0))
    moved = decode_maps(maps_of(9, 18, down=one, right=1 - one))[5] * 224
    assert moved == pytest.approx([223 * (18 / 27 - 1 / 16), 223 * (9 / 27 + 1 / 16)], rel=1e-5)


def test_red_comes_first_and_imagenet_is_the_scale():
    image = np.zeros((2, 2, 3), np.uint8)
    image[..., 2] = 255
    assert normalised(image)[0, :, 0, 0] == pytest.approx(
        [(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225]
    )


def test_its_points_are_66_of_ours(folder):
    looker = OpenSeeFaceLooker(folder / LANDMARK_FILE)
    landmarks = looker.look(np.zeros((400, 400, 3), np.uint8), Box(100, 100, 200, 180))
    assert looker.lacking == (60, 64)
    assert np.flatnonzero(np.isnan(landmarks[:, 0])).tolist() == [60, 64]
    # The crop goes from 90 to 210 and from 90 to 190.
    assert landmarks[30] == pytest.approx([90 + 120 * 223 / 224, 90 + 100 * 223 * 14 / 27 / 224])


def test_a_crop_ends_where_the_picture_does(folder):
    looker = OpenSeeFaceLooker(folder / LANDMARK_FILE)
    landmarks = looker.look(np.zeros((150, 160, 3), np.uint8), Box(-20, 100, 80, 180))
    # From 0 to 90, and from 90 to 150.
    assert landmarks[30] == pytest.approx([90 * 223 / 224, 90 + 60 * 223 * 14 / 27 / 224])
    outside = looker.look(np.zeros((150, 160, 3), np.uint8), Box(300, 300, 400, 400))
    assert np.isfinite(outside[30]).all()


def test_only_a_peak_of_its_map_is_a_face(folder):
    peer = openseeface_peer(folder)
    boxes = peer.searcher.find(np.zeros((480, 640, 3), np.uint8))
    # Radius 0.5 of 112 pixels of 224, about pixel 112 of 224.
    assert [box.xyxy for box in boxes] == [pytest.approx((160, 120, 480, 360))]
    assert peer.name == "OpenSeeFace lm_model0_opt"


def test_without_its_finder_it_only_looks(folder):
    (folder / FINDER_FILE).unlink()
    assert openseeface_peer(folder / LANDMARK_FILE).searcher is None


def test_other_files_are_refused(tmp_path):
    with pytest.raises(MissingOutsideError, match="give OpenSeeFace's folder"):
        openseeface_peer(tmp_path)
    with pytest.raises(BadInputError, match="is it OpenSeeFace's file"):
        openseeface_peer(constant_file(tmp_path / "a.onnx", TAKES, np.zeros((1, 198, 7, 7), np.float32)))
    with pytest.raises(BadInputError, match="gives none"):
        openseeface_peer(
            constant_file(tmp_path / "b.onnx", (1, 3, 56, 56), np.zeros((1, 198, 28, 28), np.float32))
        )
    (tmp_path / "c.onnx").write_bytes(b"no such thing")
    with pytest.raises(BadInputError, match="no ONNX file"):
        openseeface_peer(tmp_path / "c.onnx")

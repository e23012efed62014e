import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from device.contract.errors import BadInputError, MissingOutsideError
from device.contract.geometry import Box
from training.peers import dlib_shape


class FakeDlib(ModuleType):
    """Its points lie on the rectangle's upper edge, the first at its left end."""

    def __init__(self, points=68):
        super().__init__("dlib")
        self.points = points
        self.__version__ = "20.0.1"

    def rectangle(self, left, top, right, bottom):
        return SimpleNamespace(left=left, top=top, right=right, bottom=bottom)

    def get_frontal_face_detector(self):
        return lambda rgb, upsampled: [self.rectangle(10, 20, 77, 87)]

    def shape_predictor(self, path):
        if "damaged" in path:
            raise RuntimeError("deserialization error")

        def predict(rgb, rectangle):
            parts = [SimpleNamespace(x=rectangle.left + step, y=rectangle.top) for step in range(self.points)]
            return SimpleNamespace(parts=lambda: parts)

        return predict


@pytest.fixture
def install(monkeypatch, tmp_path):
    def put(**options):
        monkeypatch.setitem(sys.modules, "dlib", FakeDlib(**options))
        (tmp_path / "shape.dat").touch()
        return tmp_path / "shape.dat"

    return put


def test_it_finds_and_fits(install):
    peer = dlib_shape.dlib_peer(install())
    image = np.zeros((100, 100, 3), np.uint8)
    (face,) = peer.searcher.faces(image)
    assert peer.version == "20.0.1"
    assert face.landmarks[0].tolist() == [10, 20]
    assert face.box == Box(10, 20, 77, 20)
    # A square about the box, a tenth of its side higher.
    assert peer.looker.look(image, Box(20, 30, 60, 50))[0].tolist() == [20, 16]


def test_other_files_are_refused(install, tmp_path):
    install()
    with pytest.raises(MissingOutsideError, match="shape_predictor_68"):
        dlib_shape.dlib_peer(tmp_path / "none.dat")
    (tmp_path / "damaged.dat").touch()
    with pytest.raises(BadInputError, match="no shape predictor"):
        dlib_shape.dlib_peer(tmp_path / "damaged.dat")
    with pytest.raises(BadInputError, match="5 points, wanted 68"):
        dlib_shape.dlib_peer(install(points=5)).searcher.faces(np.zeros((9, 9, 3), np.uint8))


def test_where_it_is_not_installed_that_is_said(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(MissingOutsideError, match="pip install dlib"):
        dlib_shape.dlib_peer(tmp_path / "shape.dat")

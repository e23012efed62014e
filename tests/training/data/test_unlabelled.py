"""Every picture at hand, of labelled and unlabelled sets, as boxes; held-out faces stay held out."""

import cv2
import numpy as np
import pytest

from device.contract.errors import BadInputError
from training.data.drawn_folder import write_drawn_folder
from training.data.sets import read_data_folder
from training.data.unlabelled import read_unlabelled


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    write_drawn_folder(folder, 20)
    return folder


def add_fairface(folder, **arrays):
    (folder / "fairface").mkdir(exist_ok=True)
    cv2.imwrite(str(folder / "fairface" / "one.jpg"), np.zeros((100, 100, 3), np.uint8))
    np.savez(folder / "fairface" / "mediapipe478.npz", **arrays)


def test_a_drawn_folder_reads_as_the_sets_whose_layout_it_has(drawn):
    split = read_data_folder(drawn)
    assert (len(split.train), len(split.validation)) == (16, 4)
    assert {face.source for face in split.train} == {"300w", "youtube_faces"}
    face = split.train[0]
    image = cv2.imread(str(face.path))
    assert image.shape == (256, 256, 3)
    assert ((face.landmarks > 0) & (face.landmarks < 256)).all()


def test_every_face_becomes_two_corners_and_none_that_is_held_out_is_learnt(drawn):
    mesh = np.full((1, 478, 2), 50, np.float16)
    mesh[0, :, 0] = np.linspace(20, 80, 478)
    mesh[0, 10, 1] = 5  # the forehead
    mesh[0, 152, 1] = 90  # the chin
    add_fairface(drawn, names=np.array(["one.jpg"]), landmarks=mesh)
    split = read_unlabelled(drawn)
    assert {face.source for face in split.train} == {"300w", "youtube_faces", "fairface"}
    assert all(face.landmarks.shape == (2, 2) for face in (*split.train, *split.validation))
    assert not {face.name for face in split.train} & {face.name for face in split.validation}
    labelled = {face.name: face.box for face in read_data_folder(drawn).train}
    assert all(face.box == labelled[face.name] for face in split.train if face.name in labelled)
    fairface = next(face for face in split.train if face.source == "fairface")
    assert (fairface.box.y_min, fairface.box.y_max) == (50, 90)


def test_a_damaged_mesh_and_an_empty_folder_are_named(drawn, tmp_path):
    with pytest.raises(BadInputError, match="no pictures of faces in"):
        read_unlabelled(tmp_path)
    add_fairface(tmp_path, names=np.array(["one.jpg"]))
    with pytest.raises(BadInputError, match=r"mediapipe478\.npz has no readable"):
        read_unlabelled(tmp_path)

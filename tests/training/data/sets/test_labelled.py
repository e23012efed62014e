import cv2
import numpy as np
import pytest

from device.contract.errors import BadInputError
from training.data.sets import read_data_folder
from training.data.sets.labelled import read_labelled, write_labels
from training.measure.evaluate import load_samples


@pytest.fixture
def drawn(tmp_path):
    """A data folder with a set of three faces, the last for validation."""
    folder = tmp_path / "drawn"
    (folder / "pictures").mkdir(parents=True)
    names = [f"pictures/{number}.jpg" for number in range(3)]
    for name in names:
        cv2.imwrite(str(folder / name), np.full((64, 64, 3), 90, np.uint8))
    landmarks = np.random.default_rng(0).uniform(10, 50, (3, 68, 2))
    write_labels(folder, "drawn", names, landmarks, np.array([False, False, True]))
    return folder


def test_faces_are_split_as_the_table_says(drawn):
    faces = read_labelled(drawn, "drawn")
    assert [face.name for face in faces.train] == ["drawn/0", "drawn/1"]
    assert [face.name for face in faces.held_out] == ["drawn/2"]
    split = read_data_folder(drawn.parent, sets=["drawn"])
    assert (len(split.train), len(split.validation)) == (2, 1)


def test_evaluate_reads_both_parts(drawn):
    assert len(load_samples(f"drawn:{drawn}", None)) == 1
    assert len(load_samples(f"drawn:{drawn}", None, "train")) == 2


def test_a_table_of_another_set_is_refused(drawn):
    with pytest.raises(BadInputError, match="holds the set drawn, wanted fairface"):
        read_labelled(drawn, "fairface")


def test_a_missing_picture_is_named(drawn):
    (drawn / "pictures/1.jpg").unlink()
    with pytest.raises(BadInputError, match=r"pictures/1\.jpg.*python -m training draw"):
        read_labelled(drawn, "drawn")


def test_a_path_that_leaves_the_folder_is_refused(drawn):
    write_labels(drawn, "drawn", ["../../secret.jpg"], np.zeros((1, 68, 2)), np.array([False]))
    (drawn.parent.parent / "secret.jpg").write_bytes(b"")
    with pytest.raises(BadInputError, match="secret"):
        read_labelled(drawn, "drawn")


def test_a_folder_without_a_table_says_what_writes_it(tmp_path):
    with pytest.raises(BadInputError, match="python -m training pseudo-label"):
        read_labelled(tmp_path, "fairface")

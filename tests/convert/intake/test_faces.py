"""Crops as the device would cut them, and labels that are refused when they are no labels."""

import cv2
import numpy as np
import pytest

from convert.intake.faces import cut, found_faces, labelled_faces, labelled_pictures, picture_files, read_pts
from device.contract.errors import BadInputError
from device.contract.manifest import CropRule

PTS = "version: 1\nn_points: 3\n{\n11 21\n31 21\n21 41\n}\n"


@pytest.fixture
def folder(tmp_path):
    image = np.zeros((80, 80, 3), np.uint8)
    image[20:40, 10:30] = 200
    for name in ("b.png", "a.png"):
        cv2.imwrite(str(tmp_path / name), image)
    (tmp_path / "a.pts").write_text(PTS)
    return tmp_path


def test_pictures_come_in_the_order_of_their_names(folder):
    assert [path.name for path in picture_files(folder)] == ["a.png", "b.png"]
    with pytest.raises(BadInputError, match="no picture below"):
        picture_files(folder / "nowhere")


def test_points_count_from_one_in_the_file_and_from_zero_here(folder):
    assert read_pts(folder / "a.pts", 3).tolist() == [[10, 20], [30, 20], [20, 40]]
    with pytest.raises(BadInputError, match="holds 3 points, wanted 68"):
        read_pts(folder / "a.pts", 68)
    (folder / "b.pts").write_text("{ 1 2 x }")
    with pytest.raises(BadInputError, match=r"is no \.pts file"):
        read_pts(folder / "b.pts", 1)


def test_a_labelled_face_fills_its_crop_by_the_margin_and_the_piece_beside_it_shows_none(folder):
    faces = cut(labelled_faces(labelled_pictures(folder), 3), CropRule(1.0, (40, 40)), "here")
    # The box of the points is 20 pixels wide and stands for the whole crop of 40.
    assert faces.landmarks_crop[0] == pytest.approx(
        np.array([[-0.5, -0.5], [39.5, -0.5], [19.5, 39.5]]), abs=1
    )
    assert faces.crops[0].mean() > 150
    assert faces.beside[0].mean() < 50


def test_a_damaged_picture_is_named_and_left_out_and_the_others_are_used(tmp_path, root, capfd):
    face = (root / "device" / "assets" / "demo_face.jpg").read_bytes()
    for name, data in (("a.jpg", face), ("b.jpg", face[:300]), ("c.jpg", b""), ("d.jpg", face)):
        (tmp_path / name).write_bytes(data)
    paths, rule = picture_files(tmp_path), CropRule(1.3, (40, 40))
    assert len(cut(found_faces(paths), rule, "here").crops) == 2
    told = capfd.readouterr().err.splitlines()
    # One line each: none of the decoder's own, which names no file.
    assert [line.partition(".jpg: ")[0] for line in told] == [
        f"note: left out: {tmp_path}/{stem}" for stem in "bc"
    ]
    with pytest.raises(BadInputError, match="no face found in here"):
        cut(found_faces(paths[1:3]), rule, "here")


def test_a_damaged_picture_among_labelled_ones_is_refused(folder):
    (folder / "a.png").write_bytes(b"no picture")
    with pytest.raises(BadInputError, match=r"a\.png: .* do not decode to a picture.*; remove or replace it"):
        list(labelled_faces(labelled_pictures(folder), 3))


def test_a_folder_without_labels_is_refused(folder):
    (folder / "a.pts").unlink()
    with pytest.raises(BadInputError, match=r"has a NAME\.pts beside it"):
        labelled_pictures(folder)

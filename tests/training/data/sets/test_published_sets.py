"""WFLW, COFW and AFLW2000-3D in their official layouts, made small."""

import logging

import cv2
import h5py
import numpy as np
import pytest
from scipy.io import savemat

from device.contract.errors import BadInputError
from device.contract.landmarks import SCHEMES
from training.data.sets import counts, read_data_folder
from training.data.sets.aflw2000 import read_aflw2000
from training.data.sets.cofw import read_cofw
from training.data.sets.picture import read_picture
from training.data.sets.sample import Sample
from training.data.sets.schemes import converted
from training.data.sets.wflw import read_wflw

RNG = np.random.default_rng(0)


def write_wflw(folder, part, faces, attributes="0 0 0 0 0 0"):
    """One picture with `faces` labelled faces; gives their points."""
    picture = folder / "WFLW_images" / "0--Parade" / f"{part}.jpg"
    picture.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(picture), np.zeros((120, 100, 3), np.uint8))
    points = RNG.uniform(10, 90, (faces, 98, 2)).round(3)
    box_and_attributes = f"1 2 3 4 {attributes}"
    lines = [
        " ".join([*(f"{value:.3f}" for value in face.ravel()), box_and_attributes, f"0--Parade/{part}.jpg"])
        for face in points
    ]
    path = folder / "WFLW_annotations" / "list_98pt_rect_attr_train_test" / f"list_98pt_rect_attr_{part}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return points


def write_cofw(folder, part, pictures):
    """MATLAB 7.3's layout: cells are references, everything is transposed; gives points counted from 1."""
    folder.mkdir(parents=True, exist_ok=True)
    images, labels = ("IsTr", "phisTr") if part == "train" else ("IsT", "phisT")
    points = RNG.uniform(10, 50, (len(pictures), 29, 2)).astype(np.float32)
    with h5py.File(folder / f"COFW_{part}_color.mat", "w") as file:
        cells = file.create_dataset(images, (1, len(pictures)), dtype=h5py.ref_dtype)
        for number, picture in enumerate(pictures):
            cells[0, number] = file.create_dataset(f"#refs#/{number}", data=picture.T).ref
        occluded = np.zeros((len(pictures), 29), np.float32)
        file[labels] = np.concatenate([points[..., 0], points[..., 1], occluded], axis=1).T
    return points


def write_aflw2000(folder, name, yaw):
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / f"{name}.jpg"), np.zeros((450, 450, 3), np.uint8))
    points = RNG.uniform(100, 300, (3, 68)).astype(np.float32)
    pose = np.array([[0.1, yaw, -0.2, 200, 200, 0, 0.001]], np.float32)
    savemat(folder / f"{name}.mat", {"pt3d_68": points, "Pose_Para": pose})
    return points


def test_wflw_gives_every_face_of_a_picture_in_the_lists_order(tmp_path):
    points = write_wflw(tmp_path, "test", 2)
    faces = read_wflw(tmp_path, "test")
    assert len({face.name for face in faces}) == 2
    np.testing.assert_allclose([face.landmarks for face in faces], points, atol=1e-3)


def test_wflw_says_what_is_hard_about_a_face(tmp_path):
    write_wflw(tmp_path, "test", 1, attributes="1 0 0 1 0 1")
    assert read_wflw(tmp_path, "test")[0].attributes == ("pose", "make-up", "blur")


def test_wflw_becomes_68_points_by_the_fields_mapping(tmp_path):
    write_wflw(tmp_path, "test", 1)
    face = read_wflw(tmp_path, "test")[0]
    told = converted([face], "ibug_68")[0].landmarks
    # Chin, nose tip, outer eye corners, mouth corners: named points of both schemes' drawings.
    for index_68, index_98 in ((0, 0), (8, 16), (16, 32), (30, 54), (36, 60), (45, 72), (48, 76), (54, 82)):
        np.testing.assert_array_equal(told[index_68], face.landmarks[index_98])
    assert SCHEMES["wflw_98"].outer_eye_corners == (60, 72)


def test_cofw_pictures_keep_their_rows_columns_and_channels(tmp_path):
    colour = np.zeros((60, 80, 3), np.uint8)
    colour[5, 70] = (10, 20, 30)
    grey = np.full((50, 40), 7, np.uint8)
    points = write_cofw(tmp_path, "train", [colour, grey])
    faces = read_cofw(tmp_path, "train")
    np.testing.assert_allclose(faces[1].landmarks, points[1] - 1, atol=1e-5)
    picture = read_picture(faces[0].path)
    assert picture.shape == (60, 80, 3)
    assert picture[5, 70].tolist() == [30, 20, 10]  # BGR of the file's RGB
    assert read_picture(faces[1].path).tolist() == np.full((50, 40, 3), 7).tolist()


def test_aflw2000_counts_from_one_and_knows_its_yaw(tmp_path):
    points = write_aflw2000(tmp_path, "image00002", 0.5)
    face = read_aflw2000(tmp_path)[0]
    np.testing.assert_allclose(face.landmarks, points[:2].T - 1, atol=1e-4)
    assert face.yaw_radians == pytest.approx(0.5)


def test_labels_without_a_mapping_are_refused():
    face = Sample("cofw/train/0", None, np.zeros((29, 2), np.float32), "cofw")
    with pytest.raises(BadInputError, match="labelled in cofw_29, the model wants ibug_68; known: wflw_98"):
        converted([face], "ibug_68")


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda folder: read_wflw(folder, "train"), r"list_98pt_rect_attr_train\.txt.*wywu\.github\.io"),
        (lambda folder: read_cofw(folder, "test"), r"COFW_test_color\.mat.*data\.caltech\.edu"),
        (read_aflw2000, r"no \.mat file below.*3DDFA"),
    ],
)
def test_a_missing_set_is_named_with_its_source(tmp_path, read, message):
    with pytest.raises(BadInputError, match=message):
        read(tmp_path)


def test_a_damaged_label_file_is_named(tmp_path):
    write_wflw(tmp_path, "test", 1)
    path = next(tmp_path.rglob("*_test.txt"))
    path.write_text("1 2 3\n")
    with pytest.raises(BadInputError, match=r"line 1.*207 columns"):
        read_wflw(tmp_path, "test")
    (tmp_path / "COFW_test_color.mat").write_bytes(b"not HDF5")
    with pytest.raises(BadInputError, match=r"cannot be read as MATLAB 7\.3"):
        read_cofw(tmp_path, "test")
    write_aflw2000(tmp_path / "aflw", "a", 0.0)
    (tmp_path / "aflw" / "a.mat").write_bytes(b"nothing")
    with pytest.raises(BadInputError, match=r"a\.mat is not a label file"):
        read_aflw2000(tmp_path / "aflw")


def test_another_number_of_faces_is_one_line_that_is_kept(tmp_path, caplog):
    for part in ("train", "test"):
        write_wflw(tmp_path / "wflw", part, 2)
    with caplog.at_level(logging.WARNING):
        split = read_data_folder(tmp_path, sets=("wflw",))
    wanted = ["wflw train: 2 faces got / 7500 published", "wflw test: 2 faces got / 2500 published"]
    assert split.notes == wanted
    assert [record.message for record in caplog.records] == wanted
    assert len(split.train) == len(split.validation) == 2
    with pytest.raises(BadInputError, match="2 faces got / 7500 published"):
        read_data_folder(tmp_path, sets=("wflw",), strict_counts=True)


def test_a_whole_set_has_no_note():
    assert counts.count_note("aflw2000", "all", 2000) == ""
    assert counts.count_note("cofw", "test", 507) == ""


def test_a_coordinate_that_is_not_finite_is_refused_by_every_reader(tmp_path):
    points = write_wflw(tmp_path, "test", 1)
    path = next(tmp_path.rglob("*_test.txt"))
    path.write_text(path.read_text().replace(f"{points[0, 0, 0]:.3f} ", "inf ", 1))
    with pytest.raises(BadInputError, match=r"landmark 0 is .*inf"):
        read_wflw(tmp_path, "test")
    with h5py.File(tmp_path / "COFW_test_color.mat", "w") as file:
        cells = file.create_dataset("IsT", (1, 1), dtype=h5py.ref_dtype)
        cells[0, 0] = file.create_dataset("#refs#/0", data=np.zeros((9, 9), np.uint8)).ref
        file["phisT"] = np.full((87, 1), np.nan, np.float32)
    with pytest.raises(BadInputError, match=r"cofw/test/0000: landmark 0 is .*nan"):
        read_cofw(tmp_path, "test")
    folder = tmp_path / "aflw"
    made = write_aflw2000(folder, "a", 0.0)
    made[0, 5] = np.nan
    savemat(folder / "a.mat", {"pt3d_68": made, "Pose_Para": np.zeros((1, 7), np.float32)})
    with pytest.raises(BadInputError, match=r"aflw2000/a: landmark 5 is .*nan"):
        read_aflw2000(folder)

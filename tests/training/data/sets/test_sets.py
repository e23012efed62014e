import cv2
import numpy as np
import pytest

from device.contract.errors import BadInputError
from training.data.sets import read_300w, read_data_folder, read_list, read_youtube_faces
from training.data.sets.picture import read_face_picture
from training.data.sets.pts import read_pts
from training.data.sets.youtube_faces import subject_of

RNG = np.random.default_rng(0)


def write_pts(path, points):
    rows = "\n".join(f"{x:.3f} {y:.3f}" for x, y in points)
    path.write_text(f"version: 1\nn_points: {len(points)}\n{{\n{rows}\n}}\n")


def write_face(folder, name, count=68, ending=".jpg"):
    path = folder / f"{name}{ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((120, 100, 3), np.uint8))
    points = RNG.uniform(20, 80, (count, 2))
    write_pts(path.with_suffix(".pts"), points)
    return points


@pytest.fixture
def data(tmp_path):
    """A data folder in the official layouts: three 300-W faces, three frames of two people."""
    for name in ("helen/trainset/1_1", "afw/2_1", "afw/2_2"):
        write_face(tmp_path / "300w", name)
    (tmp_path / "300w" / "validation.txt").write_text("afw/2_1\nafw/2_2\n")
    frames = tmp_path / "youtube_faces"
    header = "," + ",".join(str(number) for number in range(136))
    for table, part, names in (
        ("training_frames_keypoints.csv", "training", ["Ann_Lee_10.jpg", "Bob_Ray_11.jpg"]),
        ("test_frames_keypoints.csv", "test", ["Bob_Ray_12.jpg"]),
    ):
        (frames / part).mkdir(parents=True)
        rows = [",".join([name, *(f"{value:.1f}" for value in range(136))]) for name in names]
        (frames / table).write_text("\n".join([header, *rows]) + "\n")
        for name in names:
            cv2.imwrite(str(frames / part / name), np.zeros((150, 150, 3), np.uint8))
    (frames / "validation_subjects.txt").write_text("Bob_Ray\n")
    return tmp_path


def test_pts_coordinates_start_at_one(tmp_path):
    write_pts(tmp_path / "a.pts", [(1.0, 1.0)] * 67 + [(10.5, 20.25)])
    landmarks = read_pts(tmp_path / "a.pts")
    assert landmarks[0] == pytest.approx([0, 0])
    assert landmarks[67] == pytest.approx([9.5, 19.25])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 1\nn_points: 68\n", "between braces"),
        ("{\n" + "1 2\n" * 67 + "}", "holds 67 points, wanted 68"),
        ("{\n" + "1 2\n" * 67 + "1 2 3\n}", "a line of 3 numbers"),
        ("{\n" + "1 two\n" * 68 + "}", "could not convert"),
        ("{\n" + "1 nan\n" * 68 + "}", "not a finite number"),
    ],
)
def test_a_damaged_pts_file_is_named_with_its_fault(tmp_path, text, message):
    (tmp_path / "bad.pts").write_text(text)
    with pytest.raises(BadInputError, match=message) as caught:
        read_pts(tmp_path / "bad.pts")
    assert "bad.pts" in str(caught.value)


def test_a_data_folder_is_split_by_its_own_lists(data):
    split = read_data_folder(data)
    assert [face.name for face in split.train] == [
        "300w/helen/trainset/1_1",
        "youtube_faces/training/Ann_Lee_10",
    ]
    assert [face.name for face in split.validation] == [
        "300w/afw/2_1",
        "300w/afw/2_2",
        "youtube_faces/training/Bob_Ray_11",
        "youtube_faces/test/Bob_Ray_12",
    ]


def test_youtube_faces_coordinates_start_at_zero(data):
    first = read_youtube_faces(data / "youtube_faces")[0]
    assert first.landmarks[0] == pytest.approx([0, 1])
    assert first.path.is_file()


def test_a_person_is_known_from_a_frames_name():
    assert subject_of("youtube_faces/test/Ann_Lee_12") == "Ann_Lee"
    assert subject_of("Ann_Lee_12") == "Ann_Lee"


def test_png_pictures_count_too(tmp_path):
    write_face(tmp_path, "a/b/face", ending=".png")
    assert [face.name for face in read_300w(tmp_path)] == ["300w/a/b/face"]


def test_capital_endings_and_mixed_formats_in_nested_folders_are_found(tmp_path, caplog):
    write_face(tmp_path, "LFPW/testset/image_0001", ending=".png")
    write_face(tmp_path, "HELEN/testset/deep/30427236_1", ending=".JPG")
    (tmp_path / "LFPW/testset/image_0001.pts").rename(tmp_path / "LFPW/testset/image_0001.PTS")
    # What other systems leave in archives, and a picture that nobody labelled.
    (tmp_path / "LFPW/testset/._image_0001.pts").write_bytes(b"\0\5\26\7")
    cv2.imwrite(str(tmp_path / "LFPW/testset/image_0002.png"), np.zeros((9, 9, 3), np.uint8))
    faces = read_300w(tmp_path)
    assert [face.name for face in faces] == [
        "300w/HELEN/testset/deep/30427236_1",
        "300w/LFPW/testset/image_0001",
    ]
    assert [face.path.suffix for face in faces] == [".JPG", ".png"]
    assert "1 pictures without a .pts file left out" in caplog.text
    assert [face.name for face in read_300w(tmp_path, ["LFPW/testset/image_0001"])] == [
        "300w/LFPW/testset/image_0001"
    ]


def test_a_name_on_the_list_that_is_not_there_is_named(tmp_path):
    write_face(tmp_path, "a")
    with pytest.raises(BadInputError, match=r"b\.pts is on the list but not there"):
        read_300w(tmp_path, ["a", "b"])


def test_a_face_may_be_cut_off_by_the_edge_but_not_lie_beside_the_picture(tmp_path):
    write_face(tmp_path, "a")  # 100 x 120 pixels
    points = np.linspace([60, 40], [120, 100], 68)
    write_pts(tmp_path / "a.pts", points)
    assert read_face_picture(read_300w(tmp_path)[0]).shape == (120, 100, 3)
    write_pts(tmp_path / "a.pts", points + np.array([12, 0]))
    with pytest.raises(BadInputError, match=r"a: landmark 67 lies at \(131, 99\).*100 x 120 pixels"):
        read_face_picture(read_300w(tmp_path)[0])
    write_pts(tmp_path / "a.pts", np.full((68, 2), 30.0))
    with pytest.raises(BadInputError, match="face size 0"):
        read_face_picture(read_300w(tmp_path)[0])


def test_a_list_gives_its_own_order(data):
    names = read_list(data / "300w" / "validation.txt")[::-1]
    assert [face.name for face in read_300w(data / "300w", names)] == ["300w/afw/2_2", "300w/afw/2_1"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: (data / "300w/afw/2_1.jpg").unlink(), "no picture beside it"),
        (lambda data: (data / "300w/validation.txt").unlink(), "cannot read"),
        (lambda data: (data / "300w/validation.txt").write_text("\n"), "is empty"),
        (lambda data: (data / "youtube_faces/test_frames_keypoints.csv").unlink(), "keypoint table"),
        (
            lambda data: (data / "youtube_faces/test_frames_keypoints.csv").write_text("h\na.jpg,1,2\n"),
            "line 2",
        ),
    ],
)
def test_a_damaged_data_folder_is_named_with_its_fault(data, spoil, message):
    spoil(data)
    with pytest.raises(BadInputError, match=message):
        read_data_folder(data)


def test_a_folder_without_a_known_set_is_refused(tmp_path):
    with pytest.raises(BadInputError, match="no data set in"):
        read_data_folder(tmp_path)
    with pytest.raises(BadInputError, match=r"no \.pts file below"):
        read_300w(tmp_path)


@pytest.mark.data
def test_the_research_data_has_its_documented_counts(data_root):
    split = read_data_folder(data_root)
    counts = {
        (part, source): sum(face.source == source for face in faces)
        for part, faces in (("train", split.train), ("validation", split.validation))
        for source in ("300w", "youtube_faces")
    }
    assert counts["train", "300w"] + counts["validation", "300w"] == 870 + 805 + 337
    assert counts["validation", "300w"] == 200
    assert counts["train", "youtube_faces"] + counts["validation", "youtube_faces"] == 3462 + 770
    train_people = {subject_of(face.name) for face in split.train if face.source == "youtube_faces"}
    held_out = {subject_of(face.name) for face in split.validation if face.source == "youtube_faces"}
    assert len(held_out) == 35
    assert not train_people & held_out


LISTED_AS = [
    "afw/2_1.jpg",
    "afw/2_1.pts",
    "afw\\2_1",
    "./afw/2_1",
    "\ufeffafw/2_1",
    "  afw/2_1  ",
    "# a\nafw/2_1",
]


@pytest.mark.parametrize("entry", LISTED_AS)
def test_a_held_out_face_is_found_however_its_name_is_spelt(data, entry):
    (data / "300w" / "validation.txt").write_text(f"{entry}\r\nafw/2_2\r\n", encoding="utf-8")
    split = read_data_folder(data)
    assert [face.name for face in split.train if face.source == "300w"] == ["300w/helen/trainset/1_1"]


def test_a_held_out_face_is_found_in_another_unicode_form(tmp_path):
    composed, decomposed = "Zo\u00eb_1", "Zoe\u0308_1"
    for listed, stored in ((composed, decomposed), (decomposed, composed)):
        folder = tmp_path / listed / "300w"
        write_face(folder, "other_1")
        write_face(folder, stored)
        (folder / "validation.txt").write_text(listed + "\n", encoding="utf-8")
        split = read_data_folder(folder.parent)
        assert [face.name for face in split.validation] == [f"300w/{composed}"]
        assert [face.name for face in split.train] == ["300w/other_1"]


@pytest.mark.parametrize(
    ("table", "entry"),
    [
        ("300w/validation.txt", "afw/2_3"),
        ("300w/validation.txt", "2_1"),
        ("youtube_faces/validation_subjects.txt", "Bob_Rai"),
        ("youtube_faces/validation_subjects.txt", "bob_ray"),
    ],
)
def test_a_held_out_name_that_is_not_there_is_an_error(data, table, entry):
    path = data / table
    path.write_text(path.read_text() + entry + "\n")
    with pytest.raises(BadInputError, match=f"1 entries name nothing.*{entry}"):
        read_data_folder(data)


@pytest.mark.parametrize("entry", ["Bob_Ray/", "./Bob_Ray", "\ufeffBob_Ray"])
def test_a_held_out_person_is_found_however_the_name_is_spelt(data, entry):
    (data / "youtube_faces" / "validation_subjects.txt").write_text(entry + "\n", encoding="utf-8")
    held_out = [face.name for face in read_data_folder(data).validation if face.source == "youtube_faces"]
    assert held_out == ["youtube_faces/training/Bob_Ray_11", "youtube_faces/test/Bob_Ray_12"]


def test_a_list_that_is_not_text_is_named(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"\xff\xfea\0f\0w\0")
    with pytest.raises(BadInputError, match=r"list\.txt is not UTF-8 text"):
        read_list(tmp_path / "list.txt")


@pytest.mark.parametrize("mark", [(0, 0), (-1, -1)])
def test_a_face_with_hidden_points_is_left_out_and_counted(tmp_path, caplog, mark):
    write_face(tmp_path / "300w", "whole")
    points = write_face(tmp_path / "300w", "turned")
    points[:9] = mark
    write_pts(tmp_path / "300w" / "turned.pts", points)
    (tmp_path / "300w" / "validation.txt").write_text("turned\n")
    split = read_data_folder(tmp_path)
    assert [face.name for face in split.train] == ["300w/whole"]
    assert split.validation == []
    assert "300w train: 1 faces with hidden points left out" in split.notes
    assert "1 faces left out" in caplog.text
    assert "300w/turned" in caplog.text


def test_hidden_points_marked_by_any_other_value_are_seen_too(tmp_path):
    points = write_face(tmp_path, "a")
    points[17:27] = (-999, -999)
    write_pts(tmp_path / "a.pts", points)
    assert read_300w(tmp_path).left_out == ["300w/a"]


def test_a_point_near_the_corner_or_one_of_two_on_the_same_pixel_is_a_place(tmp_path):
    points = write_face(tmp_path, "a")
    points[0], points[60], points[64] = (0.5, 0.0), points[48], points[54]
    write_pts(tmp_path / "a.pts", points)
    assert [face.name for face in read_300w(tmp_path)] == ["300w/a"]


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e400"])
def test_a_coordinate_that_is_not_finite_is_refused(data, number):
    table = data / "youtube_faces" / "test_frames_keypoints.csv"
    table.write_text(table.read_text().replace(",7.0,", f",{number},"))
    with pytest.raises(BadInputError, match=r"youtube_faces/test/Bob_Ray_12: landmark 3 .*finite"):
        read_youtube_faces(data / "youtube_faces")

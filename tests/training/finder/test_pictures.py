"""Packed pictures: whose faces they hold, and where ground is cut."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from device.contract.geometry import Box
from device.contract.landmarks import ibug_68
from training.data.sets.sample import Sample
from training.finder.pictures import (
    DOUBTFUL,
    FACE,
    MeanFace,
    Picture,
    cut_ground,
    estimated_landmarks,
    gather_faces,
    group_pictures,
    load_pictures,
    mean_face,
)
from training.finder.settings import FinderDataSettings
from training.finder.yunet import Detections, fit_map, to_landmark_boxes


def shape_in(box, seed=0):
    """(68, 2) landmarks that touch all sides of a Box."""
    shape = np.random.default_rng(seed).uniform(0, 1, (68, 2))
    shape[0], shape[1] = (0, 0), (1, 1)
    low, high = np.array(box.xyxy[:2]), np.array(box.xyxy[2:])
    return (low + shape * (high - low)).astype(np.float32)


def taught_at(*boxes, scores):
    """What YuNet would have to say for its mapped boxes to be these."""
    unit = to_landmark_boxes(np.array([[0, 0, 1, 1]], np.float32))[0]
    wide, high = unit[2] - unit[0], unit[3] - unit[1]
    raw = [
        (
            box.x_min - unit[0] * box.width / wide,
            box.y_min - unit[1] * box.height / high,
            box.width / wide,
            box.height / high,
        )
        for box in boxes
    ]
    points = np.array([np.tile(box.centre_xy, (5, 1)) for box in boxes], np.float32)
    return Detections(np.array(raw, np.float32), points, np.array(scores, np.float32))


MEAN = MeanFace(shape_in(Box(0, 0, 1, 1)), ibug_68)
FIRST, SECOND, THIRD = Box(10, 10, 50, 50), Box(100, 20, 130, 60), Box(200, 100, 220, 130)


def test_the_map_of_yunets_boxes_and_the_fit_undo_each_other(tmp_path):
    class Teacher:
        """Sees every face where the map says that YuNet sees it."""

        def detect(self, image):
            return taught_at(FIRST, scores=[0.9])

    cv2.imwrite(str(tmp_path / "face.png"), np.zeros((80, 80, 3), np.uint8))
    sample = Sample("face", tmp_path / "face.png", shape_in(FIRST), "300w")
    unit = to_landmark_boxes(np.array([[0, 0, 1, 1]], np.float32))[0]
    middle = (unit[:2] + unit[2:]) / 2
    assert fit_map([sample], Teacher()) == pytest.approx((*middle, *(unit[2:] - unit[:2])), abs=1e-4)


def test_a_labelled_face_outweighs_yunets_of_the_same_place():
    picture = Picture(Path("x"), "300w", (shape_in(FIRST),))
    taught = taught_at(FIRST.scaled(1.2), SECOND, THIRD, scores=[0.95, 0.9, 0.4])
    faces, kinds = gather_faces(picture, taught, MEAN)
    assert kinds[:3].tolist() == [FACE, FACE, DOUBTFUL]
    assert not kinds[3:].any()
    assert (faces[0] == picture.landmarks[0]).all()
    assert Box.around(faces[1]).xyxy == pytest.approx(SECOND.xyxy, abs=1e-3)


def test_a_taught_face_has_yunets_box_and_its_five_points():
    taught = taught_at(SECOND, scores=[0.9])
    points = np.array([[108, 32], [122, 31], [115, 40], [109, 52], [121, 51]], np.float32)
    landmarks = estimated_landmarks(Detections(taught.raw, points[None], taught.scores), MEAN)[0]
    assert Box.around(landmarks).xyxy == pytest.approx(SECOND.xyxy, abs=1e-3)
    assert landmarks[[30, 48, 54]] == pytest.approx(points[2:], abs=1e-3)


def test_the_mean_face_touches_its_box():
    samples = [Sample(str(n), Path("x"), shape_in(FIRST, seed=n), "300w") for n in range(5)]
    shape = mean_face(samples, ibug_68).shape
    assert (shape.min(0).tolist(), shape.max(0).tolist()) == ([0, 0], [1, 1])


def test_faces_of_one_file_are_one_picture():
    samples = [Sample(str(n), Path(name), shape_in(FIRST), "300w") for n, name in enumerate("aba")]
    assert [len(picture.landmarks) for picture in group_pictures(samples)] == [2, 1]


def test_ground_touches_no_box():
    image = np.zeros((200, 300, 3), np.uint8)
    taken = Box(100, 0, 299, 199)
    image[:, 100:] = 255
    cuts = [cut_ground(image, [taken], 48, seed) for seed in range(20)]
    found = [cut for cut in cuts if cut is not None]
    assert len(found) > 5
    # One column of the bright part may be touched by the bilinear edge.
    assert all(cut[:, :-1].max() == 0 for cut in found)
    assert cut_ground(image, [Box(-1, -1, 300, 200)], 48, 0) is None


def test_without_a_teacher_ground_is_cut_from_made_pictures_alone(tmp_path):
    cv2.imwrite(str(tmp_path / "face.png"), np.zeros((300, 300, 3), np.uint8))
    settings = FinderDataSettings(side=64, ground_side=32, made_grounds=0, teacher="none")
    grounds = {}
    for source in ("rendered", "fairface"):
        picture = Picture(tmp_path / "face.png", source, (shape_in(FIRST),))
        pack = load_pictures([picture], MEAN, settings, None, tmp_path / source)
        assert (pack.kinds[0] == FACE).sum() == 1
        grounds[source] = len(pack.grounds)
    assert grounds["rendered"] > 0
    assert grounds["fairface"] == 0


@pytest.mark.data
def test_no_picture_of_a_validation_person_or_photograph_is_trained_on(data_root):
    from training.data.sets import read_list
    from training.data.sets.youtube_faces import subject_of
    from training.finder.data import UNLABELLED, read_pictures

    split = read_pictures(data_root)
    people = set(read_list(data_root / "youtube_faces" / "validation_subjects.txt"))
    photographs = {
        (data_root / "300w" / f"{name}.jpg").resolve()
        for name in read_list(data_root / "300w" / "validation.txt")
    }
    assert (len(people), len(photographs)) == (35, 200)
    trained = [picture for picture in split.train if picture.source != "300w"]
    assert {picture.source for picture in trained} == {"youtube_faces", UNLABELLED}
    assert len(trained) > 5000
    assert not {subject_of(picture.path.stem) for picture in trained} & people
    assert not {picture.path.resolve() for picture in split.train} & photographs
    assert {subject_of(p.path.stem) for p in split.validation if p.source != "300w"} == people

import cv2
import numpy as np
import pytest

from device.contract.geometry import Box
from device.finders.finder import FoundFace
from training.data.sets.sample import Sample
from training.finder.evaluate import (
    PHOTOGRAPHS,
    Alarms,
    FinderEvaluation,
    Recall,
    finder_table,
    held_out_grounds,
    measure_alarms,
    measure_recall,
    photographs_without_people,
)
from training.finder.textures import MAKERS, make_textures
from training.finder.yunet import Detections


class Told:
    """Finds the boxes it was told, whatever the picture."""

    def __init__(self, *boxes):
        self.boxes = boxes

    def find(self, image):
        return [FoundFace(box, 0.9) for box in self.boxes]


FACE, WIDE = Box(10, 10, 20, 20), Box(10, 10, 50, 40)


@pytest.fixture
def samples(tmp_path):
    cv2.imwrite(str(tmp_path / "plain.png"), np.zeros((80, 100, 3), np.uint8))
    corners = [np.array([box.xyxy[:2], box.xyxy[2:]], np.float32) for box in (FACE, WIDE)]
    return [
        Sample(str(number), tmp_path / "plain.png", points, "set") for number, points in enumerate(corners)
    ]


def test_recall_counts_faces_found_and_wide_ones_by_themselves(samples):
    # Ours finds the wide face alone; the other finds both, the small one with an IoU of two thirds.
    recall = measure_recall(samples, Told(WIDE), Told(WIDE, Box(10, 10, 25, 20)))
    assert (recall.faces, recall.ours, recall.yunet) == (2, 0.5, 1.0)
    assert (recall.wide_faces, recall.ours_wide, recall.yunet_wide) == (1, 1.0, 1.0)


def test_an_alarm_is_a_picture_not_a_box():
    pictures = [np.zeros((9, 9, 3), np.uint8)] * 4
    assert measure_alarms(pictures, Told(FACE, WIDE)) == Alarms(4, 4)
    assert measure_alarms(pictures, Told()).rate == 0


def evaluation(**changes):
    values = {
        "recall": {"set": Recall(200, 0.99, 0.98, 150, 1.0, 0.99)},
        "alarms": {"photographs": Alarms(200, 1)},
        "times_ms": {"ours": 0.7, "yunet": 4.6},
    }
    return FinderEvaluation("finder@12345678", **{**values, **changes})


def test_each_requirement_is_reported_as_met_or_not():
    assert all(evaluation().requirements.values())
    low = evaluation(recall={"set": Recall(200, 0.97, 0.98, 150, 0.98, 0.99)})
    assert list(low.requirements.values()) == [False, False, True, True, True]
    alarming = evaluation(alarms={"photographs": Alarms(200, 2)})
    assert list(alarming.requirements.values()) == [True, True, False, True, True]
    slow = evaluation(times_ms={"ours": 2.4, "yunet": 4.6})
    assert list(slow.requirements.values()) == [True, True, True, False, False]
    assert finder_table(slow).count("NOT MET") == 2


def test_grounds_are_cut_clear_of_labels_and_of_what_yunet_sees(samples):
    class Suspicious:
        """Sees a face in the whole picture's right half, and none in pieces."""

        def detect(self, image):
            rows = [(50, 0, 49, 79)] if image.shape[1] == 100 else []
            raw = np.array(rows, np.float32).reshape(-1, 4)
            return Detections(
                raw, np.zeros((len(rows), 5, 2), np.float32), np.full(len(rows), 0.2, np.float32)
            )

    image = np.full((80, 100, 3), 200, np.uint8)
    image[50:, :35] = 10
    cv2.imwrite(str(samples[0].path), image)
    grounds = held_out_grounds(samples[:1], Suspicious())
    assert len(grounds) >= 1
    # Left of the suspected face and below or beside the labelled one.
    assert all(ground.shape == (240, 240, 3) for ground in grounds)


def test_photographs_are_shown_whole_in_quarters_and_in_ninths():
    assert len(photographs_without_people()) == len(PHOTOGRAPHS) * (1 + 4 + 9)


def test_textures_are_the_same_every_time_and_none_like_another():
    textures = make_textures(3 * len(MAKERS))
    assert {image.shape for image in textures} == {(240, 320, 3)}
    assert all((a == b).all() for a, b in zip(textures, make_textures(len(textures)), strict=True))
    assert len({image.tobytes() for image in textures}) == len(textures)
    assert all(image.std() > 1 for image in textures)

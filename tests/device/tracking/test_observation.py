"""What the network finds in a crop, and how far landmarks outside the frame are trusted."""

import cv2
import numpy as np
import pytest

from device.contract.geometry import Box
from device.contract.landmarks import ibug_68
from device.contract.metrics import relative_errors
from device.finders.finder import FoundFace
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.messages.signals import REGIONS
from device.signal.occlusion import LANDMARKS_OF, Occlusion
from device.signal.typical import typical
from device.tracking.observation import Observer, lowered_outside
from device.tracking.stopwatch import Stopwatch


def test_scores_outside_the_frame_are_lower_by_the_error_that_was_measured():
    landmarks = np.array([[0, 0], [99.4, 49.4], [-0.6, 10], [99.6, 10], [50, 49.6], [50, -0.6]])
    scores = np.full(6, 0.5, np.float32)
    lowered = lowered_outside(scores, landmarks, (100, 50))
    # 0.5 means an error of 0.07 eye distances; 0.125 is what a score of 0.07 / 0.195 means.
    assert lowered == pytest.approx([0.5, 0.5] + [0.07 / 0.195] * 4)
    assert lowered_outside(scores, landmarks, (200, 200))[0] == 0.5
    assert lowered_outside(np.zeros(6, np.float32), landmarks, (100, 50)).tolist() == [0] * 6


def cut_by_an_edge(image, landmarks, edge, fraction):
    """The part of a picture without so much of the face, and the landmarks in it; None beyond the picture."""
    height, width = image.shape[:2]
    box = Box.around(landmarks)
    across, down = int(fraction * box.width), int(fraction * box.height)
    left = int(box.x_min) + across if edge == "left" else 0
    right = int(box.x_max) - across if edge == "right" else width
    top = int(box.y_min) + down if edge == "top" else 0
    bottom = int(box.y_max) - down if edge == "bottom" else height
    if min(left, top, width - right, height - bottom) < 0:
        return None
    return np.ascontiguousarray(image[top:bottom, left:right]), landmarks - (left, top)


@pytest.mark.data
@pytest.mark.parametrize("model", ["small", "tiny"])
def test_landmarks_outside_the_frame_are_as_far_off_as_their_scores_say(data_root, model):
    from training.data.sets import read_validation

    network, errors, scores = LandmarkNetwork(find_model(model)), [], []
    for sample in read_validation(data_root)[5::20]:
        image = cv2.imread(str(sample.path))
        for edge in ("left", "right", "top", "bottom"):
            cut = cut_by_an_edge(image, sample.landmarks, edge, 0.3)
            if cut is None:
                continue
            frame, true = cut
            observer = Observer(network, frame, Stopwatch())
            observation = observer.run_on_box(FoundFace(Box.around(true), 1.0))
            observation = observer.run_on_landmarks(observation.landmarks_frame)
            if observation.score < 0.35:
                continue
            outside = observation.landmark_scores != network.decode().landmark_scores
            errors += relative_errors(observation.landmarks_frame, true, ibug_68)[outside].tolist()
            scores += observation.landmark_scores[outside].tolist()
    assert len(errors) > 300
    promised = 0.07 * (1 / np.array(scores) - 1)
    assert np.mean(errors) < 1.2 * promised.mean()
    surest = np.array(scores) >= np.quantile(scores, 0.75)
    assert np.mean(np.array(errors)[surest]) < 1.3 * promised[surest].mean()


def test_a_region_outside_the_frame_is_named_as_occluded():
    landmarks = np.random.default_rng(0).uniform(10, 40, (68, 2))
    scores = np.full(68, 0.5, np.float32)
    for region, score in zip(REGIONS, typical().scores, strict=True):
        scores[list(LANDMARKS_OF[region])] = score
    landmarks[list(ibug_68.groups["jaw"]), 1] = 60
    occlusion, lowered = Occlusion(), lowered_outside(scores, landmarks, (100, 50))
    assert [occlusion.read(lowered, 0.1) for _ in range(30)][-1] == ("jaw",)

import shutil

import cv2
import numpy as np
import pytest

from device.contract.errors import BadInputError, UsageError
from device.contract.geometry import CropTransform
from device.contract.letterbox import EMPTY_PIXEL, Letterbox
from device.contract.manifest import manifest_path_of
from device.contract.tensors import TensorSpec
from device.finders.open import CentreFinder, open_finder
from device.finders.trained import SHIPPED, TrainedFinder, letterbox_image, threshold_value
from device.sources.demo_path import FACE_BOX
from device.sources.demo_photo import load_photo
from device.tracking.crop import crop_image

INPUT_WH = (192, 160)


@pytest.fixture(scope="module")
def finder():
    return TrainedFinder()


@pytest.mark.parametrize("frame_wh", [(640, 480), (1920, 1080), (480, 640), (200, 150), (60, 90)])
def test_a_bright_disc_lies_where_the_letterbox_says(frame_wh):
    letterbox = Letterbox.fit(frame_wh, INPUT_WH)
    place = np.array([0.3 * frame_wh[0], 0.6 * frame_wh[1]])
    frame = np.zeros((frame_wh[1], frame_wh[0], 3), np.uint8)
    cv2.circle(frame, place.astype(int).tolist(), frame_wh[0] // 12, (255,) * 3, -1)
    shown = np.empty((INPUT_WH[1], INPUT_WH[0], 3), np.uint8)
    letterbox_image(frame, letterbox, shown)
    width, height = letterbox.shown_wh
    weights = shown[:height, :width, 0].astype(float)
    y, x = np.mgrid[:height, :width]
    middle = np.array([(weights * x).sum(), (weights * y).sum()]) / weights.sum()
    assert middle == pytest.approx(letterbox.to_input(place.astype(int)), abs=0.15)
    assert (shown[height:] == EMPTY_PIXEL).all()
    assert (shown[:, width:] == EMPTY_PIXEL).all()


def test_the_face_of_the_demo_photograph_is_found_upright(finder):
    faces = finder.find(load_photo())
    assert len(faces) == 1
    assert faces[0].box.iou(FACE_BOX) > 0.6
    assert abs(np.degrees(faces[0].angle_radians)) < 15


@pytest.mark.parametrize("degrees", [-25, 25])
def test_a_turned_face_is_found_with_its_roll(finder, degrees):
    photo = load_photo()
    level = finder.find(photo)[0].angle_radians
    # The crop turns with the region, so what it shows is turned the other way.
    region = CropTransform.from_roi(FACE_BOX.centre_xy, 360, (360, 360), np.radians(-degrees))
    faces = finder.find(crop_image(photo, region))
    assert len(faces) == 1
    # What is left of the roll is taken by the refining passes of the tracker.
    assert np.degrees(faces[0].angle_radians - level) == pytest.approx(degrees, abs=10)


@pytest.mark.parametrize("size_wh", [(1, 1), (1, 5000), (5000, 1), (3, 2), (641, 479), (5472, 3648)])
@pytest.mark.parametrize("kind", ["black", "white", "noise"])
def test_any_frame_leaves_it_standing(finder, size_wh, kind):
    width, height = size_wh
    if kind == "noise":
        image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    else:
        image = np.full((height, width, 3), 255 * (kind == "white"), np.uint8)
    assert finder.find(image) == []


def test_a_photograph_upside_down_or_without_colour_leaves_it_standing(finder):
    photo = load_photo()
    for face in finder.find(np.ascontiguousarray(photo[::-1, ::-1])):
        assert np.isfinite(face.box.xyxy).all()
    grey = cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    assert finder.find(grey)[0].box.iou(FACE_BOX) > 0.6


def test_the_frame_before_leaves_nothing_behind(finder):
    photo = load_photo()
    wide = np.zeros((90, 400, 3), np.uint8)
    first = finder.find(photo)
    assert finder.find(wide) == []
    assert finder.find(photo) == first


def test_a_damaged_or_foreign_pair_is_refused(tmp_path):
    model = tmp_path / SHIPPED.name
    shutil.copyfile(SHIPPED, model)
    shutil.copyfile(manifest_path_of(SHIPPED), manifest_path_of(model))
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    with pytest.raises(BadInputError, match="damaged or the two are not a pair"):
        TrainedFinder(model)


def test_a_tensor_of_another_name_is_refused(tmp_path):
    model = tmp_path / SHIPPED.name
    shutil.copyfile(SHIPPED, model)
    text = manifest_path_of(SHIPPED).read_text()
    name = TrainedFinder().manifest.points.name
    assert text.count(f'"{name}"') == 1
    manifest_path_of(model).write_text(text.replace(f'"{name}"', '"elsewhere"'))
    with pytest.raises(BadInputError, match="no tensor 'elsewhere'"):
        TrainedFinder(model)


def test_the_least_value_is_the_first_integer_that_means_enough():
    spec = TensorSpec("score", (1, 1, 1, 1), "int8", 0.25, -10)
    # 0.25 * (q + 10) >= 0.6 from q = -7 on, which means 0.75.
    assert threshold_value(spec, 0.6) == -7
    assert threshold_value(TensorSpec("score", (1, 1, 1, 1), "float32"), 0.6) == 0.6


def test_finders_are_opened_by_their_addresses(tmp_path):
    assert isinstance(open_finder("trained:"), TrainedFinder)
    assert isinstance(open_finder(f"trained:{SHIPPED}"), TrainedFinder)
    assert isinstance(open_finder("centre:"), CentreFinder)
    for wrong in ("centre:x", "yunet:", "ssd:"):
        with pytest.raises(UsageError, match="write"):
            open_finder(wrong)
    with pytest.raises(UsageError, match="trained"):
        open_finder("trainde:")
    with pytest.raises(BadInputError, match=r"no model at .*gone\.tflite"):
        open_finder(f"trained:{tmp_path / 'gone.tflite'}")

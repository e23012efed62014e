import cv2
import numpy as np
import pytest

from device.contract.geometry import Box
from training.peers.hardship import CONTEXT, DARK_NOISE, HARDSHIPS, SIDE, occlusion, portrait, rotation, small

SIZE = round(CONTEXT * SIDE)


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.fixture
def shown():
    """A grey picture with white discs at four landmarks."""
    landmarks = np.array([[100.0, 110], [220, 110], [160, 160], [160, 215]])
    image = np.full((SIZE, SIZE, 3), 100, np.uint8)
    for x, y in landmarks:
        cv2.circle(image, (int(x), int(y)), 6, (255, 255, 255), -1)
    return image, landmarks


def disc_near(image, point):
    """Centroid of what is white within a few pixels of a point."""
    rows, columns = np.indices(image.shape[:2])
    near = np.hypot(columns - point[0], rows - point[1]) < 12
    white = np.clip(image[..., 0].astype(float) - 110, 0, None) * near
    return np.array([(white * columns).sum(), (white * rows).sum()]) / white.sum()


@pytest.mark.parametrize("level", [15, 90])
def test_landmarks_turn_with_the_picture(shown, rng, level):
    image, landmarks = rotation(shown, level, rng)
    for point in landmarks:
        assert disc_near(image, point) == pytest.approx(point, abs=0.3)
    across = np.subtract(*landmarks[1::-1])
    assert abs(np.degrees(np.arctan2(across[1], across[0]))) == pytest.approx(level)


def test_landmarks_shrink_with_the_picture(shown, rng):
    image, landmarks = small(shown, 60, rng)
    assert image.shape == (SIZE // 2, SIZE // 2, 3)
    assert Box.around(landmarks).longest_side == pytest.approx(60)
    for point in landmarks:
        assert disc_near(image, point) == pytest.approx(point, abs=0.3)


def test_a_face_is_cut_out_at_its_size(shown):
    large = cv2.resize(shown[0], None, fx=3, fy=3, interpolation=cv2.INTER_LINEAR)
    image, landmarks = portrait(large, (shown[1] + 0.5) * 3 - 0.5)
    assert image.shape == (SIZE, SIZE, 3)
    assert Box.around(landmarks).longest_side == pytest.approx(SIDE)
    for point in landmarks:
        assert disc_near(image, point) == pytest.approx(point, abs=0.4)


def test_so_much_of_the_box_is_covered(shown, rng):
    image, landmarks = occlusion(shown, 30, rng)
    changed = (image != shown[0]).any(axis=2)
    inside = Box.around(landmarks)
    assert changed.sum() == pytest.approx(0.3 * inside.area, rel=0.05)
    rows, columns = np.nonzero(changed)
    assert columns.min() >= inside.x_min - 1
    assert rows.max() <= inside.y_max + 1


def test_every_axis_grows_harder(shown):
    """Its last level lies farther from the untouched picture than its first."""
    for hardship in HARDSHIPS:
        if hardship.name in ("size", "rotation"):
            continue
        first, last = (
            np.abs(hardship.befall(shown, level, np.random.default_rng(0))[0] - shown[0].astype(float)).mean()
            for level in (hardship.levels[0], hardship.levels[-1])
        )
        assert last > 1.5 * first > 0, hardship.name


def test_a_sensor_stays_noisy_in_the_dark(shown, rng):
    darkness = next(hardship for hardship in HARDSHIPS if hardship.name == "darkness")
    image, _ = darkness.befall(shown, 20, rng)
    ground = image[:40, :40].astype(float)
    assert ground.mean() == pytest.approx(20, abs=0.3)
    assert ground.std() == pytest.approx(DARK_NOISE, rel=0.1)

"""Deformed crops: the landmarks lie where what they marked is seen."""

import numpy as np
import pytest
import torch

from training.data.augment import Augmenter, AugmentSettings, TensorPack, sample_crops
from training.data.bending import bent_landmarks, random_bends

SIDE, PACK = 128, 256


def spot(x, y):
    """(PACK, PACK, 3) a bright spot on black, a few pixels wide."""
    rows, columns = np.mgrid[:PACK, :PACK]
    bright = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 8)
    return np.repeat(bright[:, :, None], 3, axis=2).astype(np.uint8)


def brightest(crop):
    """x, y of the middle of what is bright in a crop (3, S, S)."""
    bright = crop.mean(0).numpy()
    rows, columns = np.mgrid[: bright.shape[0], : bright.shape[1]]
    return np.array([(bright * columns).sum(), (bright * rows).sum()]) / bright.sum()


@pytest.mark.parametrize("place", [(60, 70), (128, 128), (190, 100), (100, 200)])
def test_a_spot_is_seen_where_its_landmark_is(place):
    count = 8
    bends = random_bends(count, SIDE, 0.03, torch.Generator().manual_seed(sum(place)))
    images = torch.from_numpy(spot(*place)).expand(count, -1, -1, -1)
    # Half a pack pixel a crop pixel, turned by a right angle.
    maps = torch.tensor([[0.0, -2.0, 254.5], [2.0, 0.0, 0.5]]).expand(count, -1, -1)
    crops = sample_crops(images, maps, SIDE, bends)
    straight = torch.tensor([(place[1] - 0.5) / 2, (254.5 - place[0]) / 2]).expand(count, 1, 2)
    seen = bent_landmarks(straight, bends)[:, 0].numpy()
    moved = np.linalg.norm(seen - straight[:, 0].numpy(), axis=1)
    assert moved.max() > 2
    errors = [np.linalg.norm(brightest(crop) - point) for crop, point in zip(crops, seen, strict=True)]
    assert max(errors) < 0.5


def test_a_batch_is_bent_only_where_it_is_asked_for_and_faces_alone():
    faces, points = 4, 68
    pack = TensorPack(
        torch.randint(256, (faces, 96, 96, 3), generator=torch.Generator().manual_seed(0), dtype=torch.uint8),
        torch.full((faces, points, 2), 40.0),
        torch.zeros(0, 96, 96, 3, dtype=torch.uint8),
        context=2.0,
    )

    def landmarks(bend):
        still = AugmentSettings(rotation_degrees=0, scale=0, shift=0, loose=0, mirror=0, bend=bend)
        augmenter = Augmenter(pack, still, 64, 1.3, torch.arange(points))
        batch = augmenter.batch(torch.arange(faces), torch.Generator().manual_seed(1))
        return batch.landmarks[:faces]

    assert torch.equal(landmarks(0.0)[0], landmarks(0.0)[3])
    assert (landmarks(0.02) - landmarks(0.0)).norm(dim=2).max() > 0.3

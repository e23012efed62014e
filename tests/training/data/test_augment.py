import dataclasses
import math

import numpy as np
import pytest
import torch

from device.contract.geometry import CropTransform
from device.contract.landmarks import ibug_68
from device.tracking.crop import crop_image
from training.data.augment import (
    Augmenter,
    AugmentSettings,
    TensorPack,
    crop_to_pack_maps,
    degrade,
    landmarks_to_crop,
    normalise,
    photograph_some,
    sample_crops,
)
from training.losses.heatmap import expectation

PLAIN = AugmentSettings(
    colour=0, grey=0, blur=0, coarse=0, noise=0, occlusion=0, background=0, off_face=0, loose=0
)


def a_pack(faces=6, side=96):
    rng = np.random.default_rng(1)
    landmarks = rng.uniform(0.3 * side, 0.7 * side, (faces, 68, 2)).astype(np.float32)
    images = rng.integers(0, 256, (faces, side // 8, side // 8, 3), dtype=np.uint8)
    images = images.repeat(8, axis=1).repeat(8, axis=2)
    grounds = np.full((2, side, side, 3), 77, np.uint8)
    return TensorPack(*(torch.from_numpy(part) for part in (images, landmarks, grounds)), context=2.6)


def an_augmenter(pack, settings, side=64):
    return Augmenter(pack, settings, side, 1.3, torch.from_numpy(ibug_68.mirror_order))


def test_a_crop_on_the_tensor_device_is_the_devices_crop():
    pack = a_pack()
    center, side, angle = (40.0, 52.0), 50.0, 0.4
    maps = crop_to_pack_maps(
        torch.tensor([center]), torch.tensor([side]), torch.tensor([angle]), torch.tensor([False]), 64
    )
    tensor = sample_crops(pack.images[:1], maps, 64)[0].permute(1, 2, 0).numpy()
    transform = CropTransform.from_roi(center, side, (64, 64), angle)
    device = crop_image(pack.images[0].numpy(), transform)
    # OpenCV's bilinear weights have five bits, so a step of 255 may differ by 255 / 32.
    assert np.abs(tensor - device).max() <= 9
    assert np.abs(tensor - device).mean() < 1
    landmarks = landmarks_to_crop(pack.landmarks[:1], maps)[0].numpy()
    assert np.abs(landmarks - transform.frame_to_crop(pack.landmarks[0].numpy())).max() < 1e-3


def test_landmarks_stay_on_their_pixels_whatever_is_done_to_the_crop():
    side = 96
    landmarks = torch.rand(40, 68, 2) * 40 + 28
    # A face whose only visible point is its 30th, a soft bright spot.
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    spot = landmarks[:, 30]
    distance = (x - spot[:, :1, None]) ** 2 + (y - spot[:, 1:, None]) ** 2
    images = (255 * torch.exp(-distance / 18)).to(torch.uint8)[..., None].expand(-1, -1, -1, 3)
    pack = TensorPack(images.contiguous(), landmarks, torch.zeros(0, side, side, 3, dtype=torch.uint8), 2.6)
    batch = an_augmenter(pack, PLAIN).batch(torch.arange(40), torch.Generator().manual_seed(0))
    brightness = (batch.image[:, :1] + 1) * 40
    found = expectation(brightness, stride=1.0)[:, 0]
    true = batch.landmarks[:, 30]
    inside = ((true > 8) & (true < 56)).all(1)
    assert inside.sum() > 20
    assert (found - true)[inside].abs().max() < 0.5


def test_mirrored_faces_have_their_left_and_right_points_exchanged():
    pack = a_pack()
    still = {"mirror": 1.0, "rotation_degrees": 0, "scale": 0, "shift": 0}
    settings = AugmentSettings(**{**vars(PLAIN), **still})
    batch = an_augmenter(pack, settings).batch(torch.arange(6), torch.Generator().manual_seed(0))
    scale = 64 / (96 * 1.3 / 2.6)
    straight = (pack.landmarks - 47.5) * scale + 31.5
    mirrored = torch.stack([63 - straight[..., 0], straight[..., 1]], dim=2)
    assert (batch.landmarks - mirrored[:, ibug_68.mirror_order]).abs().max() < 1e-3


def test_the_same_generator_gives_the_same_batch_and_another_a_different_one():
    augmenter = an_augmenter(a_pack(), AugmentSettings())
    first, second, other = (
        augmenter.batch(torch.arange(6), torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first.image, second.image)
    assert torch.equal(first.landmarks, second.landmarks)
    assert not torch.equal(first.image, other.image)


def test_a_teacher_is_asked_about_the_crops_of_the_faces_that_say_so():
    pack = dataclasses.replace(a_pack(), asked=torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0, 1.0]))
    settings = AugmentSettings(off_face=0.5, background=0.0)
    batch = an_augmenter(pack, settings).batch(torch.tensor([4, 0, 1]), torch.Generator().manual_seed(0))
    assert batch.asked.tolist() == [0.0, 1.0, 0.0] + [0.0] * (len(batch.face) - 3)


def test_crops_without_a_face_miss_it_by_half_or_are_ground():
    settings = AugmentSettings(off_face=1.0, background=0.5)
    batch = an_augmenter(a_pack(), settings).batch(torch.arange(6), torch.Generator().manual_seed(0))
    assert batch.face.tolist() == [1.0] * 6 + [0.0] * 6 + [0.0] * 3
    middle = batch.landmarks[6:12].mean(1)
    # The face's middle lies at or beyond the crop's edge; random landmarks put it off by a few pixels.
    assert ((middle - 31.5).abs().amax(1) > 26).all()


@pytest.mark.parametrize("name", ["colour", "grey", "blur", "coarse", "noise", "occlusion"])
def test_each_degradation_changes_pixels_but_not_their_range(name):
    image = a_pack().images.permute(0, 3, 1, 2).float()
    settings = AugmentSettings(**{**vars(PLAIN), name: 1.0})
    changed = degrade(image.clone(), settings, torch.Generator().manual_seed(0))
    assert (changed - image).abs().mean() > 1
    assert changed.min() >= 0
    assert changed.max() <= 255
    untouched = degrade(image.clone(), PLAIN, torch.Generator().manual_seed(0))
    assert torch.equal(untouched, image)


def test_normalised_pixels_are_the_int8_steps_of_the_network():
    pixels = torch.arange(256.0)
    assert torch.equal(normalise(pixels) * 128, pixels - 128)


def test_roll_is_drawn_with_the_stated_deviation():
    pack = a_pack()
    settings = AugmentSettings(**{**vars(PLAIN), "mirror": 0.0, "rotation_degrees": 18.0})
    faces = torch.zeros(4000, dtype=torch.long)
    augmenter = an_augmenter(pack, settings, side=8)
    batch = augmenter.batch(faces, torch.Generator().manual_seed(0))
    across = pack.landmarks[0, 45] - pack.landmarks[0, 36]
    turned = batch.landmarks[:, 45] - batch.landmarks[:, 36]
    roll = torch.atan2(turned[:, 1], turned[:, 0]) - torch.atan2(across[1], across[0])
    roll = torch.remainder(roll + math.pi, 2 * math.pi) - math.pi
    assert math.degrees(float(roll.std())) == pytest.approx(18, rel=0.05)


def test_a_cheap_camera_takes_a_fraction_of_the_face_crops_and_no_other():
    pixels = torch.full((40, 3, 64, 64), 128.0)
    landmarks = torch.from_numpy(np.random.default_rng(0).uniform(16, 48, (32, 68, 2))).float()
    seen = photograph_some(pixels, landmarks, pixels, 0.5, torch.Generator().manual_seed(1))
    changed = (seen != pixels).flatten(1).any(1)
    assert 8 <= int(changed[:32].sum()) <= 24
    assert not changed[32:].any()


def test_a_label_bias_to_the_right_is_kept_in_mirrored_crops():
    pack, order = a_pack(), torch.from_numpy(ibug_68.mirror_order)
    upright = dataclasses.replace(PLAIN, rotation_degrees=0, scale=0, shift=0, mirror=1.0)

    def labels(settings):
        augmenter = Augmenter(pack, settings, 64, 1.3, order)
        return augmenter.batch(torch.arange(4), torch.Generator().manual_seed(0)).landmarks

    moved = labels(dataclasses.replace(upright, label_bias=0.01)) - labels(upright)
    # Twice the bias: a mirrored label is first moved from the left to the centre, then as far to the right.
    torch.testing.assert_close(moved[:, :, 0], torch.full((4, 68), 2 * 0.01 * 64))
    assert not moved[:, :, 1].any()
    straight = dataclasses.replace(upright, mirror=0.0)
    assert torch.equal(labels(dataclasses.replace(straight, label_bias=0.01)), labels(straight))


def test_which_labels_are_known_goes_along_with_each_crop():
    known = torch.ones(6, 68)
    known[4:, :17] = 0
    settings = dataclasses.replace(PLAIN, off_face=0.5, background=0.25)
    batch = an_augmenter(dataclasses.replace(a_pack(), known=known), settings).batch(
        torch.tensor([4, 0, 5, 1]), torch.Generator().manual_seed(0)
    )
    assert torch.equal(batch.known[:4], known[[4, 0, 5, 1]])
    assert (len(batch.known), batch.known[4:].any().item()) == (len(batch.image), False)
    assert (
        an_augmenter(a_pack(), settings).batch(torch.arange(6), torch.Generator().manual_seed(0)).known
        is None
    )

import math

import numpy as np
import pytest
import torch

from device.contract.codec import HeatmapCodec, softmax_weights
from training.losses import heatmap as losses
from training.tasks.distillation import map_cross_entropy


def test_the_tensor_decoder_is_the_devices():
    maps = np.random.default_rng(0).normal(0, 3, (32, 32, 68)).astype(np.float32)
    device, _ = HeatmapCodec((32, 32), 4.0).decode(softmax_weights(maps, None))
    tensor = losses.expectation(torch.from_numpy(maps).permute(2, 0, 1)[None], 4.0)[0].numpy()
    assert np.abs(tensor - device).max() < 1e-3


def test_distance_is_the_error_over_the_faces_length_and_flat_at_the_truth():
    predicted = torch.tensor([[[13.0, 24.0], [10.0, 20.0]]])
    true = torch.tensor([[[10.0, 20.0], [10.0, 20.0]]])
    distance = losses.normalised_distance(predicted, true, torch.tensor([50.0]), blunt=0.01)
    assert distance[0].tolist() == pytest.approx([math.hypot(0.1, 0.01) - 0.01, 0.0], abs=1e-6)


def test_a_profiles_length_does_not_vanish():
    face = torch.zeros(2, 68, 2)
    face[:, 0, 1], face[:, 45, 0] = 100.0, torch.tensor([60.0, 2.0])
    assert losses.face_length(face, (36, 45)).tolist() == pytest.approx([60.0, 25.0])


def test_cross_entropy_is_that_of_the_written_out_gaussian():
    torch.manual_seed(0)
    heatmap, landmarks, sigma = torch.randn(1, 2, 8, 8), torch.tensor([[[9.3, 17.1], [20.0, 4.0]]]), 5.0
    got = losses.gaussian_cross_entropy(heatmap, landmarks, 4.0, sigma)[0]
    for k in range(2):
        target = np.array(
            [
                [
                    math.exp(
                        -((4 * j + 1.5 - landmarks[0, k, 0]) ** 2 + (4 * i + 1.5 - landmarks[0, k, 1]) ** 2)
                        / (2 * sigma**2)
                    )
                    for j in range(8)
                ]
                for i in range(8)
            ]
        )
        target /= target.sum()
        mass = np.exp(heatmap[0, k].numpy().astype(np.float64))
        wanted = -(target * np.log(mass / mass.sum())).sum()
        assert float(got[k]) == pytest.approx(wanted, rel=1e-5)


def test_cross_entropy_is_least_for_the_gaussian_itself():
    codec = HeatmapCodec((16, 16), 4.0)
    truth = np.array([[30.0, 33.0]], np.float32)
    maps = torch.from_numpy(codec.encode(truth, 5.0)).permute(2, 0, 1)[None]
    landmarks = torch.from_numpy(truth)[None]
    best = losses.gaussian_cross_entropy(maps, landmarks, 4.0, 5.0)
    for other in (maps * 2, maps / 2, maps.roll(1, 3), torch.zeros_like(maps)):
        assert losses.gaussian_cross_entropy(other, landmarks, 4.0, 5.0) > best


def test_faceless_crops_do_not_count():
    values = torch.tensor([[1.0, 3.0], [100.0, 100.0]])
    assert float(losses.masked_mean(values, torch.tensor([1.0, 0.0]))) == 2.0
    assert float(losses.masked_mean(values, torch.tensor([0.0, 0.0]))) == 0.0


def test_distillation_is_least_when_the_student_says_what_the_teacher_says():
    torch.manual_seed(0)
    teacher = torch.randn(1, 3, 8, 8) * 3
    same = map_cross_entropy(teacher + 5.0, teacher)
    entropy = -(teacher.flatten(2).softmax(2) * teacher.flatten(2).log_softmax(2)).sum(2)
    assert torch.allclose(same, entropy, atol=1e-5)
    assert (map_cross_entropy(torch.randn(1, 3, 8, 8), teacher) > same).all()

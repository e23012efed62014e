import numpy as np
import pytest
import torch

from training.losses.feature import Adapters, feature_aligned_loss, patch_similarity_loss


def affinity(features):
    """Cosine between all places of (C, H, W), written out."""
    flat = features.reshape(len(features), -1)
    flat = flat / np.linalg.norm(flat, axis=0)
    return flat.T @ flat


def pooled(features, side):
    channels, height, width = features.shape
    return features.reshape(channels, height // side, side, width // side, side).mean((2, 4))


def test_patch_similarity_on_a_hand_made_map():
    # Two cells alike and two at right angles to them, against four alike: half of the 16 entries differ by 1.
    student = torch.zeros(1, 2, 2, 2)
    student[0, 0, 0], student[0, 1, 1] = 3.0, 0.5
    teacher = torch.ones(1, 3, 2, 2)
    assert float(patch_similarity_loss(student, teacher)) == pytest.approx(0.5)


def test_patch_similarity_is_the_written_out_sum_over_patch_sizes():
    rng = np.random.default_rng(0)
    student, teacher = rng.normal(size=(5, 8, 8)), rng.normal(size=(7, 8, 8))
    levels = [((affinity(pooled(student, k)) - affinity(pooled(teacher, k))) ** 2).mean() for k in (1, 2, 4)]
    got = patch_similarity_loss(torch.from_numpy(student)[None], torch.from_numpy(teacher)[None])
    assert float(got) == pytest.approx(np.mean(levels), rel=1e-4)


def test_patches_that_resemble_each_other_alike_cost_nothing():
    features = torch.rand(2, 4, 8, 8)
    # Another length and turned channels: the same cosines.
    assert patch_similarity_loss(features, 3 * features.flip(1)).tolist() == pytest.approx([0, 0], abs=1e-5)


def test_feature_alignment_is_the_mean_square_after_the_adapter():
    student, teacher = torch.zeros(2, 3, 2, 2), torch.full((2, 3, 2, 2), 0.5)
    assert feature_aligned_loss(student, teacher).tolist() == [0.25, 0.25]
    adapters = Adapters([3, 5], [7, 9])
    shapes = [
        adapter(torch.zeros(1, width, 2, 2)).shape[1] for adapter, width in zip(adapters, (3, 5), strict=True)
    ]
    assert shapes == [7, 9]

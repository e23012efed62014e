"""The maps of EfficientFAN's networks."""

import torch

from training.losses.map_targets import point_maps
from training.models.decode import mass_expectation
from training.models.integral_net import published_shape


def test_a_trunks_maps_are_a_mass_about_the_landmark_at_once():
    torch.manual_seed(0)
    landmarks = 20 + 80 * torch.rand(32, 68, 2)
    # Raw maps as a trunk learns them: a peak of some ten standard deviations of the uneven ground.
    raw = 3 * torch.randn(32, 68, 32, 32) + 40 * point_maps(landmarks, 32, 4.0, 5.0)
    found = mass_expectation(published_shape(68)(raw), 4.0)
    # Pixels; 20 where half of the ground has mass.
    assert float((found.detach() - landmarks).norm(dim=2).mean()) < 1.0

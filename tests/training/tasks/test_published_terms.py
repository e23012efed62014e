"""The numbers of each published term: an exchanged teacher, a lost factor or unit changes them."""

import math

import pytest
import torch
from torch import nn

from training.data.augment import Batch
from training.models.attention_net import AttentionMaps, AttentionNet
from training.tasks.efficient_fan import IntegralLoss, IntegralTask
from training.tasks.kd_net import KdNetLoss, KdNetTask, RegressionLoss
from training.tasks.star_swin import StarLoss, StarTask
from training.tasks.targets import targets_of

SIDE = 128
CELLS = 32


def a_batch():
    landmarks = torch.rand(2, 68, 2, generator=torch.Generator().manual_seed(0)) * 60 + 30
    return Batch(torch.zeros(2, 3, SIDE, SIDE), landmarks, torch.ones(2))


class Errs(nn.Module):
    """Coordinates that are off the truth by so many crop sides, everywhere."""

    def __init__(self, batch, error):
        super().__init__()
        self.found = ((batch.landmarks - (SIDE - 1) / 2) / SIDE).flatten(1) + error

    def forward(self, image):
        return self.found, torch.zeros(len(image), 1)


def kd_net_terms(student, tough, tolerant, **loss):
    batch = a_batch()
    teachers = {"tough": Errs(batch, tough), "tolerant": Errs(batch, tolerant)}
    return KdNetTask(Errs(batch, student), KdNetLoss(**loss), teachers)(batch).terms


def test_each_teacher_pulls_with_its_own_weights_and_the_tolerant_one_bounds_the_main_loss():
    # The student errs by 0.10, the tough teacher by 0.04, the tolerant one by 0.06: it is behind both.
    terms = kd_net_terms(0.10, 0.04, 0.06)
    assert terms["assist_tough"].item() == pytest.approx(1.9 * (0.10 - 0.04), rel=1e-3)
    assert terms["assist_tolerant"].item() == pytest.approx(1.8 * (0.10 - 0.06), rel=1e-3)
    assert terms["main"].item() == pytest.approx(0.10**2 + 3 * 0.06 - 0.06**2, rel=1e-3)
    # It errs by 0.05: past the tolerant teacher, behind the tough one.
    terms = kd_net_terms(0.05, 0.04, 0.06)
    assert terms["assist_tough"].item() == pytest.approx(1.9 * 0.01, rel=1e-3)
    assert terms["assist_tolerant"].item() == pytest.approx(-0.4 * 0.01, rel=1e-3)
    assert terms["main"].item() == pytest.approx(3 * 0.05, rel=1e-3)
    # Past the tough one too, which pushes with a weight of its own.
    assert kd_net_terms(0.03, 0.04, 0.06)["assist_tough"].item() == pytest.approx(-0.45 * 0.01, rel=1e-3)


def gaussians(landmarks, sigma):
    """(B, K, CELLS, CELLS) of height 1, drawn point by point."""
    stride = SIDE / CELLS
    centres = torch.arange(CELLS) * stride + stride / 2 - 0.5
    x, y = landmarks[..., 0, None, None], landmarks[..., 1, None, None]
    return torch.exp(-((centres - x) ** 2 + (centres[:, None] - y) ** 2) / (2 * sigma**2))


def test_star_draws_points_with_a_sigma_of_its_unit():
    batch = a_batch()
    task = StarTask(nn.Identity(), StarLoss(sigma_cells=3.0), (), None)

    def point_term(sigma):
        wanted = gaussians(batch.landmarks, sigma)
        maps = AttentionMaps(wanted, torch.logit(wanted, eps=1e-6), torch.zeros(2, 0, CELLS, CELLS), None)
        # No contours: their maps are empty, and so is the term.
        return task.point_term(maps, targets_of(batch)).item()

    assert point_term(12.0) < 1e-3
    assert point_term(24.0) > 0.1


def test_efficient_fans_maps_have_a_sigma_of_its_unit():
    batch = a_batch()
    task = IntegralTask(nn.Identity(), IntegralLoss(sigma_cells=1.5), None, None)
    right, wrong = (
        task.label_terms(gaussians(batch.landmarks, sigma), targets_of(batch))["map"].item()
        for sigma in (6.0, 12.0)
    )
    assert right < 1e-8
    assert wrong > 1e-3


def test_a_fused_map_is_heatmap_times_point_times_the_edges_that_its_landmark_lies_on():
    model = AttentionNet(68, 32, "plain", {"stem": 4, "widths": [4, 4, 4, 8], "top": 8}, width=8)
    generator = torch.Generator().manual_seed(0)
    heatmap, point = (torch.randn(1, 68, 8, 8, generator=generator) for _ in range(2))
    edge = torch.randn(1, 9, 8, 8, generator=generator)
    fused = model._fuse(heatmap, point, edge)

    def sigmoid(value):
        return 1 / (1 + math.exp(-value))

    # Landmark 8 is the chin, on the jaw alone; 48 the mouth's corner, on the outer lip alone.
    for landmark, contour in ((8, 0), (48, 7)):
        values = heatmap[0, landmark]
        spread = (values - values.mean()) / (values.var(correction=0) + 1e-5).sqrt()
        for row, column in ((0, 0), (3, 5), (7, 2)):
            wanted = max(float(spread[row, column]), 0.0)
            wanted *= sigmoid(point[0, landmark, row, column]) * sigmoid(edge[0, contour, row, column])
            assert fused[0, landmark, row, column].item() == pytest.approx(wanted, rel=1e-4, abs=1e-6)


def test_the_weights_are_the_published_ones():
    star, kd_net, fan = StarLoss(), KdNetLoss(), IntegralLoss()
    assert (star.star, star.point, star.edge, star.order, star.distance) == (1, 10, 10, "v2", "smooth_l1")
    assert (kd_net.main, kd_net.assist_tough, kd_net.assist_tolerant) == (2, 1, 1)
    assert (fan.map, fan.coordinate, RegressionLoss().landmark) == (1000, 0.1, 100)

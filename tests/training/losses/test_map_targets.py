import math

import numpy as np
import pytest
import torch

from device.contract.errors import BadInputError
from device.contract.landmarks import SCHEMES
from training.losses.map_targets import (
    Contour,
    contour_maps,
    contours_of,
    membership,
    point_maps,
    spline_matrix,
)


def test_a_point_map_is_the_gaussian_about_the_unrounded_point():
    maps = point_maps(torch.tensor([[[10.3, 21.7]]]), cells=8, stride=4.0, sigma_px=3.0)
    for row in range(8):
        for column in range(8):
            x, y = 4 * column + 1.5, 4 * row + 1.5
            wanted = math.exp(-((x - 10.3) ** 2 + (y - 21.7) ** 2) / 18)
            assert float(maps[0, 0, row, column]) == pytest.approx(wanted, rel=1e-4, abs=1e-12)


def test_a_contour_through_points_on_a_line_is_that_line():
    landmarks = torch.tensor([[[2.0, 9.5], [10.0, 9.5], [18.0, 9.5], [26.0, 9.5]]])
    maps = contour_maps(landmarks, [Contour((0, 1, 2, 3), closed=False)], cells=8, stride=4.0, sigma_px=2.0)
    # The row of cells at y = 9.5 lies on it; one row on is 4 pixels off.
    assert maps[0, 0, 2, 1:6].min() > 0.95
    assert maps[0, 0, 3, 1:6].tolist() == pytest.approx([math.exp(-16 / 8)] * 5, rel=0.05)
    assert maps[0, 0, 2, 7] < 0.5


def test_a_closed_contour_of_points_on_a_circle_is_nearly_the_circle():
    contour = Contour(tuple(range(12)), closed=True)
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    points = torch.from_numpy(np.stack([np.cos(angles), np.sin(angles)], 1)).float()
    places = spline_matrix(contour) @ points
    assert len(places) == 12 * 5 + 1
    assert places.norm(dim=1).tolist() == pytest.approx([1.0] * 61, abs=2e-3)


def test_every_named_contour_is_of_one_region_and_only_single_points_lie_on_none():
    alone = {"ibug_68": set(), "wflw_98": {"right_pupil", "left_pupil"},
             "cofw_29": {"right_pupil", "left_pupil", "nose_tip", "chin"}}  # fmt: skip
    for name, wanted in alone.items():
        scheme, contours = SCHEMES[name], contours_of(name)
        region = {point: group for group, points in scheme.groups.items() for point in points}
        assert all(len({region[point] for point in contour.points}) == 1 for contour in contours)
        table = membership(contours, scheme.count).sum(1)
        assert {scheme.landmark_names[point] for point in (table == 0).nonzero()} == wanted


def test_every_landmark_of_the_scheme_lies_on_one_contour():
    table = membership(contours_of("ibug_68"), 68)
    assert table.shape == (68, 9)
    assert table.sum(1).tolist() == [1.0] * 68
    assert membership([Contour((0, 1), closed=False)], 3)[2].tolist() == [0.0]
    with pytest.raises(BadInputError, match="has no contours"):
        contours_of("arcface_5")

import math

import numpy as np
import pytest
import torch

from device.contract.errors import BadInputError
from training.losses.shape_model import ShapeModel, fit_shape_model

SQUARE = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], float)


def hand_made_model(deviation=0.1):
    """A square whose one mode makes it wider, orthogonal to any shift, turn or scale."""
    mean = SQUARE / np.linalg.norm(SQUARE)
    mode = np.concatenate([SQUARE[:, 0], -SQUARE[:, 1]])
    mode /= np.linalg.norm(mode)
    return ShapeModel(
        torch.from_numpy(mean[:, 0] + 1j * mean[:, 1]).to(torch.complex64),
        torch.from_numpy(mode[None]).float(),
        torch.tensor([deviation]),
    )


def stretched(amount):
    """The unit square along its mode by `amount`: wider by what it is lower."""
    mean = SQUARE / np.linalg.norm(SQUARE)
    return mean * np.array([1 + amount, 1 - amount])


def posed(shape, angle=0.7, scale=40.0, shift=(10.0, -3.0)):
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return torch.from_numpy(shape @ turn * scale + np.array(shift))[None].float()


def test_a_shape_within_the_model_stays_as_it_is_in_any_pose():
    face = posed(stretched(0.2))
    assert torch.allclose(hand_made_model().soften(face), face, atol=1e-4)


def test_a_coefficient_beyond_three_deviations_is_clipped():
    # The mode's coefficient is the stretch itself: |mean| is 1 and the mode is the mean with y turned.
    soft = hand_made_model(deviation=0.1).soften(posed(stretched(0.5)))
    assert torch.allclose(soft, posed(stretched(0.3)), atol=1e-4)


def test_what_no_mode_holds_is_smoothed_away():
    bent = SQUARE / np.linalg.norm(SQUARE)
    # One corner pulled along its diagonal: after pose and mode only the mean's share remains.
    noise = np.array([[0, 0], [0, 0], [0, 0], [0.0, 0.3]])
    face = posed(bent + noise, angle=0, scale=1, shift=(0, 0))
    soft = hand_made_model().soften(face)
    centred = soft[0] - soft[0].mean(0)
    # Mean plus mode is a rectangle up to a turn: opposite corners are each other's mirror.
    assert torch.allclose(centred[0], -centred[2], atol=1e-5)
    assert torch.allclose(centred[1], -centred[3], atol=1e-5)


def test_pca_finds_the_mode_that_made_the_shapes():
    rng = np.random.default_rng(0)
    amounts = rng.normal(0, 0.05, 400)
    faces = np.stack([posed(stretched(a), angle=rng.normal(), scale=rng.uniform(10, 90))[0] for a in amounts])
    model = fit_shape_model(faces, 0.95)
    assert len(model.modes) == 1
    assert float(model.deviations[0]) == pytest.approx(0.05, rel=0.1)


def test_the_variance_share_counts_modes():
    rng = np.random.default_rng(1)
    faces = rng.normal(0, 1, (50, 12, 2)) * 0.02 + rng.normal(0, 1, (12, 2))
    counts = [len(fit_shape_model(faces, share).modes) for share in (0.5, 0.9, 1.0)]
    assert counts == sorted(counts)
    # 24 numbers less shift, turn and scale.
    assert counts[-1] == 20
    soft = fit_shape_model(faces, 1.0).soften(torch.from_numpy(faces[:5]).float())
    # All modes and no clipping leave a typical face almost as it was.
    assert (soft.numpy() - faces[:5]).std() < 0.25 * 0.02


@pytest.mark.parametrize("share", [0.0, 1.5])
def test_a_share_outside_its_range_is_refused(share):
    with pytest.raises(BadInputError, match="variance share"):
        fit_shape_model(np.zeros((5, 4, 2)), share)

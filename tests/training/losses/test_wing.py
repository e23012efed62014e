import math

import pytest
import torch

from training.losses.wing import adaptive_wing_loss, weighted_adaptive_wing, wing_loss


@pytest.mark.parametrize("error", [0.0, 0.5, -3.0, 14.9, 15.1, 40.0])
def test_wing_on_both_branches(error):
    constant = 15 - 15 * math.log(1 + 15 / 3)
    wanted = 15 * math.log(1 + abs(error) / 3) if abs(error) < 15 else abs(error) - constant
    got = wing_loss(torch.tensor([7.0 + error]), torch.tensor([7.0]))
    assert float(got) == pytest.approx(wanted, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("target", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("error", [0.001, 0.2, 0.499, 0.501, 0.9])
def test_adaptive_wing_on_both_branches(target, error):
    q = 2.1 - target
    if error < 0.5:
        wanted = 14 * math.log(1 + error**q)
    else:
        slope = 14 * (1 / (1 + 0.5**q)) * q * 0.5 ** (q - 1)
        wanted = slope * error - (0.5 * slope - 14 * math.log(1 + 0.5**q))
    got = adaptive_wing_loss(torch.tensor([target - error]), torch.tensor([target]))
    assert float(got) == pytest.approx(wanted, rel=1e-4, abs=1e-7)


def test_adaptive_wing_has_a_gradient_at_the_truth():
    predicted = torch.tensor([0.0, 1.0], requires_grad=True)
    adaptive_wing_loss(predicted, torch.tensor([0.0, 1.0])).sum().backward()
    assert torch.isfinite(predicted.grad).all()


def test_cells_beside_a_high_target_weigh_eleven_times():
    target = torch.zeros(1, 1, 8, 8)
    target[0, 0, 3, 3] = 0.5
    beside, far = target.clone(), target.clone()
    beside[0, 0, 4, 4] += 0.3
    far[0, 0, 6, 6] += 0.3
    # The same error on a target of 0, next to the peak and away from it.
    ratio = float(weighted_adaptive_wing(beside, target) / weighted_adaptive_wing(far, target))
    assert ratio == pytest.approx(11, rel=1e-2)

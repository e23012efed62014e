import pytest
import torch

from training.losses.assistive import TOLERANT, TOUGH, Pull, assistive_loss, main_loss, reflected

PULL = Pull(2.0, -0.5)


def t(*values):
    return torch.tensor(values, dtype=torch.float64)


def test_a_teacher_is_moved_to_the_students_side():
    assert reflected(t(0.3, -0.3, 0.0), t(0.0, 0.0, 0.0), t(-0.1, -0.1, 0.1)).tolist() == [0.1, -0.1, 0.0]


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (0.30, 2.0 * 0.2),  # behind the teacher: 0.2 from it
        (0.06, -0.5 * 0.04),  # ahead of it: pushed away, 0.04 from it
        (0.01, 0.0),  # within 0.15 of its error
    ],
)
def test_each_branch_of_the_assistive_loss(side, error, wanted):
    # The teacher errs by 0.1 to the other side: only the size of its error counts.
    got = assistive_loss(t(0.2 + side * error), t(0.2), t(0.2 - side * 0.1), PULL)
    assert float(got) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(("error", "direction"), [(0.3, 1), (0.06, 1), (0.01, 0)])
def test_every_branch_pulls_towards_the_truth_or_not_at_all(error, direction):
    student = t(error).requires_grad_()
    assistive_loss(student, t(0.0), t(0.1), PULL).sum().backward()
    assert torch.sign(student.grad).item() == direction


@pytest.mark.parametrize(
    ("error", "published", "corrected"),
    [
        (0.05, 3 * 0.05, 3 * 0.05**2 / (2 * 0.1)),
        (0.30, 0.3**2 + 3 * 0.1 - 0.1**2, 3 * 0.3 - 1.5 * 0.1),
        (0.0, 0.0, 0.0),
    ],
)
def test_both_branches_of_the_main_loss(error, published, corrected):
    arguments = t(0.5 - error), t(0.5), t(0.6)
    assert float(main_loss(*arguments)) == pytest.approx(published, abs=1e-12)
    assert float(main_loss(*arguments, "corrected")) == pytest.approx(corrected, abs=1e-12)


@pytest.mark.parametrize("weighting", ["published", "corrected"])
def test_the_main_loss_is_continuous_where_the_teacher_stands(weighting):
    low, high = main_loss(t(0.1 - 1e-9, 0.1 + 1e-9), t(0.0, 0.0), t(0.1, 0.1), weighting)
    assert float(high - low) == pytest.approx(0, abs=1e-7)


def pull_at(error, weighting):
    """Gradient of the whole KD-loss on one coordinate, the teachers erring by 0.05 and 0.08."""
    student = t(error).requires_grad_()
    true, tough, tolerant = t(0.0), t(0.05), t(0.08)
    loss = 2 * main_loss(student, true, tolerant, weighting)
    loss = (
        loss + assistive_loss(student, true, tough, TOUGH) + assistive_loss(student, true, tolerant, TOLERANT)
    )
    loss.sum().backward()
    return student.grad.item()


def test_the_published_weighting_pulls_the_worst_points_least_and_the_corrected_one_most():
    # Between the teachers' inner bounds and their predictions: 6 + 0.45 + 0.4. Far off: 4 e + 1.9 + 1.8.
    assert pull_at(0.04, "published") == pytest.approx(6.85)
    assert pull_at(0.20, "published") == pytest.approx(4 * 0.2 + 3.7)
    assert pull_at(0.20, "published") < pull_at(0.04, "published")
    assert pull_at(0.20, "corrected") == pytest.approx(6 + 3.7)
    assert pull_at(0.20, "corrected") > pull_at(0.04, "corrected")

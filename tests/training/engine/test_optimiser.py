"""Schedules and optimisers by name, against the formulas that their authors' frameworks document."""

import math

import pytest
import torch
from torch import nn

from device.contract.errors import BadInputError
from training.engine.optimiser import learning_rate, make_optimiser, settle_statistics
from training.engine.settings import OptimiserSettings


def rates(steps=100, **settings):
    found = OptimiserSettings(images=1, learning_rate=1e-3, **settings)
    return [learning_rate(step, steps, found) for step in range(steps)]


def test_steps_go_down_by_ten_at_each_milestone():
    found = rates(schedule="steps", milestones=(0.375, 0.625), warm_up=0.0)
    assert found[0] == found[37] == 1e-3
    assert found[38] == found[62] == pytest.approx(1e-4)
    assert found[63] == found[99] == pytest.approx(1e-5)


def test_inverse_time_is_what_keras_calls_decay():
    found = rates(schedule="inverse_time", inverse_time=1e-4, warm_up=0.0)
    assert found[0] == 1e-3
    assert found[99] == pytest.approx(1e-3 / (1 + 1e-4 * 99))


def test_cosine_without_a_warm_up_begins_at_its_peak_and_ends_at_zero():
    found = rates(warm_up=0.0)
    assert found[0] == 1e-3
    assert found[99] == pytest.approx(0.5e-3 * (1 + math.cos(math.pi * 0.99)))


def test_a_warm_up_comes_before_every_schedule():
    for schedule in ("cosine", "steps", "inverse_time"):
        found = rates(schedule=schedule, warm_up=0.1)
        assert found[:10] == pytest.approx([1e-4 * (step + 1) for step in range(10)])


def test_adam_couples_its_decay_and_adamw_does_not():
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    for name, kind in kinds.items():
        made = make_optimiser(nn.Linear(2, 2), OptimiserSettings(images=1, kind=name, weight_decay=0.1))
        assert type(made) is kind
        assert [group["weight_decay"] for group in made.param_groups] == [0.1, 0.0]


def test_an_unknown_kind_or_schedule_names_those_there_are():
    with pytest.raises(BadInputError, match="known: adamw, adam"):
        make_optimiser(nn.Linear(2, 2), OptimiserSettings(images=1, kind="sgd"))
    with pytest.raises(BadInputError, match="known: cosine, steps, inverse_time"):
        rates(schedule="linear")


def test_a_fresh_batchnorms_statistics_are_the_mean_over_its_first_batches_and_a_seen_ones_move_as_usual():
    fresh, seen = nn.BatchNorm2d(2), nn.BatchNorm2d(2)
    seen.num_batches_tracked += 500
    batches = torch.randn(3, 8, 2, 4, 4, generator=torch.Generator().manual_seed(0)) * 30 + 7
    for batch in batches:
        for norm in (fresh, seen):
            settle_statistics(norm)
            norm(batch)
    means = batches.mean((1, 3, 4))
    assert torch.allclose(fresh.running_mean, means.mean(0))
    assert torch.allclose(seen.running_mean, 0.1 * (0.81 * means[0] + 0.9 * means[1] + means[2]))
    fresh.num_batches_tracked += 7
    settle_statistics(fresh)
    assert fresh.momentum == 0.1

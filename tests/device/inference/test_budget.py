"""Steps down when the device is too slow, and up again with hysteresis."""

import numpy as np

from device.inference.budget import WINDOW, Budget
from device.inference.settings import BudgetSettings


class Feeding:
    """A budget fed at 30 messages a second."""

    def __init__(self, steps=3, **settings):
        self.budget = Budget(BudgetSettings(latency_ms=10.0, **settings), steps)
        self.now = 100.0

    def feed(self, latency_ms, seconds):
        changes = 0
        for _ in range(round(30 * seconds)):
            self.now += 1 / 30
            changes += self.budget.note(latency_ms, self.now)
        return changes


def test_a_single_slow_message_and_a_busy_moment_change_nothing() -> None:
    feeding = Feeding()
    for _ in range(20):
        feeding.feed(500.0, 0.9)
        feeding.feed(5.0, 1.1)
    assert feeding.budget.level == 0


def test_it_goes_down_one_step_a_window_and_no_further_than_it_can() -> None:
    feeding = Feeding(steps=2)
    assert feeding.feed(11.0, WINDOW / 30) == 1
    assert feeding.feed(11.0, WINDOW / 30) == 1
    assert feeding.feed(11.0, 20) == 0
    assert feeding.budget.level == 2


def test_it_comes_up_only_after_a_long_good_while_and_not_just_below_the_limit() -> None:
    feeding = Feeding()
    feeding.feed(11.0, 2)
    feeding.feed(9.0, 300)
    assert feeding.budget.level == 1
    feeding.feed(5.0, 19)
    assert feeding.budget.level == 1
    feeding.feed(5.0, 6)
    assert feeding.budget.level == 0


def test_a_step_up_that_was_too_early_makes_the_next_one_later() -> None:
    feeding = Feeding()
    # Slow at the top, quick one step down.
    changes = [second for second in range(600) if feeding.feed(11.0 if feeding.budget.level == 0 else 5.0, 1)]
    downs = changes[0::2]
    apart = np.diff(downs)
    assert 3 < len(downs) < 8
    assert (apart[1:] > 1.5 * apart[:-1]).all()


def test_without_a_budget_nothing_is_too_slow() -> None:
    budget = Budget(BudgetSettings(latency_ms=0), 3)
    assert not any(budget.note(1e6, second) for second in range(1000))

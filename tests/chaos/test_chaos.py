"""A minute of chaos and a short soak, and the proof that both can fail."""

from collections import Counter

import pytest

from tests.chaos.chaos import Outcome, figures_of, lines_of, run_chaos
from tests.chaos.plan import SECONDS, TIMES, draw_plan
from tests.chaos.soak import soak, verdict_of
from tests.chaos.subject import Received


def test_ten_minutes_have_every_fault_as_often_as_promised_in_an_order_of_the_seed():
    plan = draw_plan(600, seed=3)
    assert Counter(fault.part for fault in plan) == TIMES == {"camera": 50, "broker": 50, "inference": 20}
    assert {fault.how for fault in plan} == set(SECONDS)
    assert [fault.at for fault in plan] == sorted(fault.at for fault in plan)
    assert plan == draw_plan(600, seed=3)
    assert plan != draw_plan(600, seed=4)


GOOD = Outcome(
    "broker", "killed", 0.5, reported_after=0.1, recovered_after=0.5, frame_after=0.6, online_after=0.6
)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"reported_after": None}, "reported after None"),
        ({"reported_after": 1.5}, "reported after 1.5"),
        ({"recovered_after": 2.1}, "recovered after 2.1"),
        ({"frame_after": 2.01}, "frame after 2.01"),
        ({"online_after": None}, "online after None"),
    ],
)
def test_what_comes_late_or_never_is_a_problem(changed, word):
    assert GOOD.problems == []
    (problem,) = Outcome(**{**vars(GOOD), **changed}).problems
    assert word in problem


class Silent:
    received = (Received("frame", 1.0),)


@pytest.mark.parametrize(
    ("memory", "ending", "word"),
    [
        ([90.0] * 50 + [101.0] * 50, {"lived": True, "code": 0, "errors": ""}, "memory grew by 11.0 MB"),
        ([90.0] * 100, {"lived": False, "code": -11, "errors": ""}, "died (exit code -11)"),
        ([90.0] * 100, {"lived": True, "code": None, "errors": ""}, "died (exit code None)"),
        ([90.0] * 100, {"lived": True, "code": 0, "errors": "Traceback (most ..."}, "a traceback"),
    ],
)
def test_growth_death_and_tracebacks_are_problems(memory, ending, word):
    (problem,) = figures_of([GOOD], memory, Silent, **ending)["problems"]
    assert word in problem
    good = figures_of([GOOD], [90.0] * 100, Silent, lived=True, code=0, errors="")
    assert good["problems"] == []
    assert len(lines_of(good)) == 3


def rows(growth_mb=0.0, drift=0.0):
    return [
        {"at_s": 60.0 * n, "fps": 30.0, "p50_ms": 2 + drift * n / 60, "p95_ms": 3.0, "p99_ms": 4.0,
         "rss_mb": 90 + growth_mb * n / 60}
        for n in range(60)
    ]  # fmt: skip


def test_a_soak_fails_on_growth_and_on_drift():
    assert verdict_of(rows(), 60)["passed"]
    assert verdict_of(rows(growth_mb=8), 60)["growth_mb_per_hour"] == pytest.approx(8)
    assert not verdict_of(rows(growth_mb=8), 60)["passed"]
    assert not verdict_of(rows(drift=2.0), 60)["passed"]


@pytest.mark.slow
def test_a_minute_of_chaos_is_survived_reported_and_recovered_from_in_time(tmp_path, capsys):
    figures = run_chaos(60, seed=2026, folder=tmp_path, report=print)
    with capsys.disabled():
        print("", *lines_of(figures), sep="\n")
    assert sum(figures["faults"].values()) >= 10
    assert figures["problems"] == []


@pytest.mark.slow
def test_a_short_soak_gives_rows_of_a_stream_in_real_time(tmp_path):
    figures = soak(20, tmp_path)
    assert figures["died"] is None
    assert len(figures["rows"]) >= 10
    # As fast as its camera and no faster; how much slower is the machine's affair, not this test's.
    assert 1 < figures["fps"] < 31
    assert figures["rss_mb"] < 130

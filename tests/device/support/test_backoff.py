"""Pauses between attempts."""

from device.support.backoff import BackOff


def test_pauses_double_up_to_the_longest_and_start_again_after_success() -> None:
    back_off = BackOff(0.5, 3.0)
    assert [back_off.failed() for _ in range(4)] == [0.5, 1.0, 2.0, 3.0]
    back_off.reset()
    assert back_off.failed() == 0.5


def test_a_short_success_does_not_start_again() -> None:
    back_off = BackOff(0.1, 100.0, stable_seconds=10.0)
    assert [back_off.failed(worked) for worked in (None, 9.9, 3.0, 10.0, 0.0)] == [0.1, 0.2, 0.4, 0.1, 0.2]


def test_ten_thousand_failures_are_no_overflow() -> None:
    back_off = BackOff()
    assert {back_off.failed() for _ in range(10_000)} == {0.1, 0.2, 0.4, 0.8, 1.0}

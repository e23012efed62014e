"""The device's clock as the client tells it, on clocks that the test makes."""

import math

import pytest

from device.client.clock import WINDOW_MS, DeviceClock

TRUE_OFFSET = 5_000.0


def test_nothing_is_known_at_first():
    assert math.isnan(DeviceClock().offset)


def test_the_shortest_round_trip_counts_and_errs_by_half_of_itself_at_most():
    clock = DeviceClock()
    for sent, there, back in [(0.0, 30.0, 2.0), (100.0, 1.0, 2.0), (200.0, 4.0, 40.0)]:
        clock.add_ping(sent, sent + there + back, sent + there + TRUE_OFFSET)
    assert abs(clock.offset - TRUE_OFFSET) <= 3.0 / 2


def test_without_echo_the_fastest_message_tells_the_offset():
    clock = DeviceClock()
    for number, delay in enumerate([9.0, 1.0, 25.0, 4.0]):
        clock.add_message(TRUE_OFFSET + 33 * number, 33 * number + delay)
    assert clock.offset == pytest.approx(TRUE_OFFSET)


def test_a_message_of_long_ago_no_longer_counts():
    clock = DeviceClock()
    clock.add_message(TRUE_OFFSET, 1.0)
    # Since then our clock has gained 3 ms on the device's.
    late = WINDOW_MS + 100
    clock.add_message(TRUE_OFFSET + late - 3, late + 1.0)
    assert clock.offset == pytest.approx(TRUE_OFFSET - 3)


def test_another_device_begins_anew():
    clock = DeviceClock()
    clock.add_ping(0, 1, 1)
    clock.add_message(1, 1)
    clock.reset()
    assert math.isnan(clock.offset)

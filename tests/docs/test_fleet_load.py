"""The load of `make fleet-bench`: packets are read as they were written, and a broker's load is measured."""

import pytest

from tests.benchmarks.fleet import FPS, Load, measure, packet, packets, sample_frame, with_table
from tests.broker import need_mosquitto


@pytest.mark.parametrize("length", [0, 1, 127, 128, 16_383, 16_384])
def test_packets_are_read_as_they_were_written(length):
    stream = packet(0x30, b"a" * length) + packet(0x30, b"bc")
    assert [stream[start:end] for start, end in packets(stream)] == [b"a" * length, b"bc"]
    # What has not come whole is left for later.
    assert [stream[start:end] for start, end in packets(stream[:-1])] == [b"a" * length]


def test_a_few_devices_are_carried():
    need_mosquitto()
    load = measure(devices=3, seconds=1.0)
    assert load.devices == 3
    assert 0.5 < load.arrived < 1.5
    assert 0 < load.median_ms <= load.p95_ms
    assert load.megabytes > 1


def test_the_knee_is_where_frames_are_lost_or_late():
    assert not Load(1, 1.0, 1, 99, 0.1, 8).beyond_knee
    assert Load(1, 0.98, 1, 1, 0.1, 8).beyond_knee
    assert Load(1, 1.0, 1, 101, 0.1, 8).beyond_knee
    assert "the broker is busy" in Load(1, 0.5, 1, 1, 0.95, 8).row()
    assert "the rest of this machine is busy" in Load(1, 0.5, 1, 1, 0.3, 8).row()


def test_the_table_stands_between_its_marks():
    page = "a\n<!-- fleet load -->\nold\n<!-- end -->\nb"
    assert with_table(page, "| new |") == "a\n<!-- fleet load -->\n| new |\n<!-- end -->\nb"
    assert len(sample_frame()) * FPS > 1000

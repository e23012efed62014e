"""Health is made of the stream's own messages and of a machine's file tree."""

import subprocess
import sys

import numpy as np

from device.daemon.health import FRAMES_KEPT, HealthLog
from device.messages.messages import (
    ErrorMessage,
    FaceLost,
    FrameInfo,
    FrameMessage,
    Status,
    TimingMs,
    encode,
    plain,
)
from device.support.condition import Condition, State


def an_error():
    return ErrorMessage(source="cam0", sequence=1, captured_ns=2, published_ns=3, reason="no frame")


class Clock:
    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds


def a_frame(sequence, latency_ms, infer=1.0):
    timing = TimingMs(find=0.0, crop=0.1, infer=infer, decode=0.2, total=infer + 0.4)
    captured_ns = 1_000_000_000 + sequence
    published_ns = captured_ns + round(latency_ms * 1e6)
    return FrameMessage("cam0", sequence, captured_ns, published_ns, FrameInfo(4, 3), [], timing, "fake@ff")


def test_rates_count_only_what_came_since_the_last_time(tmp_path):
    clock = Clock()
    log = HealthLog("cam0", clock, tmp_path)
    for number in range(30):
        log.note(a_frame(number, 2.0))
    clock.seconds += 2
    first = log.report(skipped=10)
    assert (first.fps, first.fps_captured, first.fps_skipped) == (15.0, 20.0, 5.0)
    log.note(a_frame(40, 2.0))
    clock.seconds += 4
    second = log.report(skipped=13)
    assert (second.fps, second.fps_captured, second.fps_skipped) == (0.25, 1.0, 0.75)
    assert (second.frames, second.skipped, second.uptime_s) == (31, 13, 6.0)


def test_percentiles_are_numpys_of_the_latencies_and_of_every_stage(tmp_path):
    latencies = np.random.default_rng(1).uniform(1, 9, 200)
    log = HealthLog("cam0", Clock(), tmp_path)
    for number, latency in enumerate(latencies):
        log.note(a_frame(number, latency, infer=latency / 2))
    told = log.report(skipped=0)
    wanted = np.percentile(latencies, [50, 95, 99])
    got = [told.latency_ms_p50, told.latency_ms_p95, told.latency_ms_p99]
    # Both as the stream shows them, to a microsecond.
    assert np.allclose(got, wanted, atol=1e-3)
    infer = told.stages_ms["infer"]
    assert np.allclose([infer.p50, infer.p95, infer.p99], wanted / 2, atol=1e-3)
    assert set(told.stages_ms) == {"find", "crop", "infer", "decode", "signal", "total"}


def test_a_stream_without_frames_has_no_rates_and_no_percentiles(tmp_path):
    clock = Clock()
    log = HealthLog("cam0", clock, tmp_path)
    clock.seconds += 1
    told = plain(log.report(skipped=5))
    assert not {"fps", "fps_captured", "latency_ms_p50", "stages_ms", "model", "temperature_c"} & set(told)
    assert (told["frames"], told["skipped"]) == (0, 5)


def test_only_errors_count_as_unreadable(tmp_path):
    log = HealthLog("cam0", Clock(), tmp_path)
    log.note(an_error())
    log.note(FaceLost("cam0", 1, 2, 3, 1))
    log.note(a_frame(1, 2.0))
    assert (log.unreadable, log.frames) == (1, 1)


def test_a_part_that_was_lost_and_came_back_is_a_restart_and_its_state_is_the_last_told(tmp_path):
    log = HealthLog("cam0", Clock(), tmp_path)
    lost, well = Condition(State.LOST, "unplugged"), Condition()
    degraded = Condition(State.DEGRADED, "on the CPU")
    for camera, inference in [(well, well), (lost, well), (lost, lost), (well, degraded), (lost, degraded)]:
        log.note(Status("cam0", 1, camera=camera, inference=inference))
    told = plain(log.report(skipped=0))
    assert told["restarts"] == {"camera": 1, "inference": 1, "broker": 0}
    assert told["camera"] == {"state": "lost", "reason": "unplugged"}
    assert told["inference"] == {"state": "degraded", "reason": "on the CPU"}


def test_heat_and_power_come_from_the_machines_own_files(tmp_path):
    zone = tmp_path / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "type").write_text("cpu-thermal\n")
    (zone / "temp").write_text("61232\n")
    firmware = tmp_path / "sys/devices/platform/soc/soc:firmware"
    firmware.mkdir(parents=True)
    (firmware / "get_throttled").write_text("50005\n")
    told = plain(HealthLog("cam0", Clock(), tmp_path).report(skipped=0))
    assert told["temperature_c"] == 61.232
    assert told["throttled"] == ["under_voltage", "throttled"]
    assert told["throttled_since_boot"] == ["under_voltage", "throttled"]


def test_round_trips_to_the_broker_become_percentiles(tmp_path):
    log = HealthLog("cam0", Clock(), tmp_path)
    assert log.report(skipped=0, round_trips_ms=[1.0, 2.0, 3.0]).round_trip_ms.p50 == 2.0
    assert log.report(skipped=0).round_trip_ms is None


def test_the_log_keeps_a_bounded_number_of_frames_and_never_their_faces(tmp_path):
    log = HealthLog("cam0", Clock(), tmp_path)
    for number in range(FRAMES_KEPT + 500):
        log.note(a_frame(number, 1.0))
    assert len(log._kept) == FRAMES_KEPT
    assert not any(isinstance(kept, FrameMessage) for kept in log._kept)
    assert log.frames == FRAMES_KEPT + 500


def test_a_full_health_message_encodes(tmp_path):
    log = HealthLog("cam0", Clock(), tmp_path)
    log.note(Status("cam0", 1))
    log.note(a_frame(1, 2.0))
    assert b'"stages_ms":{"find":{"p50":0.0' in encode(log.report(skipped=0))


def test_telling_health_loads_nothing_that_would_hold_the_stream_up(root):
    program = (
        "import sys; from device.daemon.health import percentiles; percentiles([1.0, 2.0]); "
        "print('numpy.ma' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"

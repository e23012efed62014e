"""What Prometheus reads, over a real socket and with its own parser."""

import socket
import threading
import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from device.contract.errors import MissingOutsideError, RefusedError, UsageError
from device.messages.messages import ErrorMessage, FrameInfo, FrameMessage, Health, Status, TimingMs
from device.sinks import open_sink
from device.sinks.metrics import TOKEN_VARIABLE
from device.sinks.prometheus import MetricsSink
from device.support.condition import Condition, State


@pytest.fixture
def sink():
    sink = MetricsSink("127.0.0.1", 0, None)
    yield sink
    sink.close()


def get(sink, path="/metrics", **headers):
    """Status and body of one request."""
    request = urllib.request.Request(f"http://127.0.0.1:{sink.port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def scrape(sink):
    _, text = get(sink)
    families = text_string_to_metric_families(text)
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value for f in families for sample in f.samples
    }


def a_frame(sequence, latency_ms):
    timing = TimingMs(find=0.0, crop=0.1, infer=0.7, decode=0.1, total=1.0)
    published_ns = 1_000_000_000 + round(latency_ms * 1e6)
    return FrameMessage("cam0", sequence, 1_000_000_000, published_ns, FrameInfo(4, 3), [], timing, "a@0")


def test_frames_and_errors_are_counted_and_latencies_fall_into_their_buckets(sink):
    for number, latency_ms in enumerate([0.4, 1.2, 1.4, 30.0, 5000.0]):
        sink.publish(a_frame(number, latency_ms), b"")
    sink.publish(
        ErrorMessage(source="cam0", sequence=1, captured_ns=2, published_ns=3, reason="no frame"), b""
    )
    figures = scrape(sink)
    assert figures[("landmarks_frames_total",)] == 5
    assert figures[("landmarks_errors_total",)] == 1
    assert figures[("landmarks_latency_seconds_count",)] == 5
    buckets = {
        edge: figures[("landmarks_latency_seconds_bucket", edge)] for edge in ("0.0005", "0.0015", "1.0")
    }
    assert buckets == {"0.0005": 1, "0.0015": 3, "1.0": 4}
    assert figures[("landmarks_stage_seconds_sum", "infer")] == pytest.approx(5 * 0.0007)


def test_the_last_status_and_health_are_told_in_prometheus_units(sink):
    assert ("landmarks_uptime_seconds",) not in scrape(sink)
    sink.publish(Status("cam0", 1, camera=Condition(State.LOST, "unplugged")), b"")
    health = Health(
        "cam0", 1, 2, 60.0, 10, 7, 0, rss_mb=90.5, throttled=["under_voltage"], restarts={"camera": 3},
        model="small@12345678",
    )  # fmt: skip
    sink.publish(health, b"")
    figures = scrape(sink)
    assert figures[("landmarks_state", "camera", "lost")] == 1
    assert figures[("landmarks_state", "camera", "ok")] == 0
    assert figures[("landmarks_state", "broker", "ok")] == 1
    assert figures[("landmarks_resident_memory_bytes",)] == 90_500_000
    assert figures[("landmarks_skipped_frames_total",)] == 7
    assert figures[("landmarks_restarts_total", "camera")] == 3
    assert figures[("landmarks_throttled",)] == 1
    assert figures[("landmarks_model_info", "small@12345678")] == 1
    assert ("landmarks_temperature_celsius",) not in figures


def test_while_no_frames_come_nothing_is_said_of_them(sink):
    sink.publish(a_frame(1, 1.0), b"")
    sink.publish(Status("cam0", 1), b"")
    sink.publish(Health("cam0", 1, 2, 60.0, 10, 7, 0, fps=30.0, fps_captured=30.0, rss_mb=90.0), b"")
    of_frames = {("landmarks_faces",), ("landmarks_fps",), ("landmarks_captured_fps",)}
    figures = scrape(sink)
    assert of_frames <= set(figures)
    assert figures[("landmarks_camera_up",)] == 1
    sink.publish(Status("cam0", 2, camera=Condition(State.LOST, "cam0 gave no frame for 2 s")), b"")
    figures = scrape(sink)
    assert not of_frames & set(figures)
    assert figures[("landmarks_camera_up",)] == 0
    assert ("landmarks_resident_memory_bytes",) in figures
    sink.publish(a_frame(2, 1.0), b"")
    sink.publish(Status("cam0", 3), b"")
    assert of_frames <= set(scrape(sink))


def test_beyond_this_machine_a_token_is_needed_and_wrong_ones_are_slowed(monkeypatch):
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    with pytest.raises(RefusedError, match=TOKEN_VARIABLE):
        open_sink("metrics:0.0.0.0:0")
    monkeypatch.setenv(TOKEN_VARIABLE, "0123456789abcdef")
    sink = open_sink("metrics:0.0.0.0:0")
    assert get(sink)[0] == 401
    assert get(sink, Authorization="Bearer 0123456789abcdef")[0] == 200
    statuses = [get(sink, Authorization="Bearer wrong")[0] for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    sink.close()


def test_a_name_that_was_pointed_at_this_machine_and_other_pages_are_refused(sink):
    assert get(sink, Host="evil.example:9464")[0] == 403
    assert get(sink, Origin="https://evil.example")[0] == 403
    assert get(sink, "/")[0] == 404
    assert get(sink)[0] == 200


def test_slow_clients_hold_no_thread_and_nobody_else(sink):
    before = threading.active_count()
    slow = [socket.create_connection(("127.0.0.1", sink.port)) for _ in range(50)]
    for connection in slow:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n")
    assert get(sink)[0] == 200
    assert threading.active_count() == before
    for connection in slow:
        connection.close()


def test_a_port_that_is_taken_is_refused_with_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(MissingOutsideError, match=f"127.0.0.1:{port}.*choose another port"):
            MetricsSink("127.0.0.1", port, None)


def test_closing_frees_the_port():
    sink = MetricsSink("127.0.0.1", 0, None)
    sink.close()
    MetricsSink("127.0.0.1", sink.port, None).close()


def test_an_address_without_host_is_for_this_machine_only():
    sink = open_sink("metrics:0")
    assert sink._server._listening.getsockname()[0] == "127.0.0.1"
    sink.close()


@pytest.mark.parametrize("address", ["metrics:", "metrics:host", "metrics:99999", "metrics:9464?a=b"])
def test_an_address_that_cannot_be_understood_is_a_usage_error(address):
    with pytest.raises(UsageError, match="sink metrics:"):
        open_sink(address)

"""Ports of the settings' sinks, against real servers of this machine."""

import http.server
import threading

import pytest

from device.checks.doctor.finding import Grade
from device.checks.doctor.host import Host
from device.checks.doctor.ports import ports
from device.settings import DaemonSettings
from device.sinks import open_sink
from tests.broker import free_port


def finding_of(*sinks):
    return ports(Host(settings=DaemonSettings(sinks=sinks)))


@pytest.fixture
def foreign():
    """The port of a web server that is none of ours."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_sinks_that_do_not_listen_have_no_port():
    assert finding_of("stdout:", "mqtt://broker").grade == Grade.ABSENT


def test_a_free_port_stays_free():
    port = free_port()
    for _ in range(2):
        assert finding_of(f"web:{port}", "metrics:0").seen == f"127.0.0.1:{port} is free, 127.0.0.1:0 is free"


@pytest.mark.parametrize("scheme", ["web", "metrics"])
def test_a_daemon_is_told_from_another_program(scheme, foreign):
    port = free_port()
    sink = open_sink(f"{scheme}:{port}")
    try:
        own = finding_of(f"{scheme}:{port}")
    finally:
        sink.close()
    assert (own.grade, own.seen) == (Grade.OK, f"a daemon serves 127.0.0.1:{port} already")
    other = finding_of(f"{scheme}:{foreign}")
    assert other.grade == Grade.FAULT
    assert other.seen == f"{scheme}: cannot listen at 127.0.0.1:{foreign}: Address already in use"
    assert f":{foreign}`" in other.fix


def test_an_address_of_another_machine_is_a_fault():
    assert finding_of("web:192.0.2.1:8080").grade == Grade.FAULT

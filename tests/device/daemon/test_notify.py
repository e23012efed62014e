"""What systemd hears from a real process, over a real socket."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from device.daemon.notify import Notifier


@pytest.fixture
def manager(tmp_path):
    """A socket in the place of systemd's."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(60)
        yield listening


def heard(manager, wanted):
    """All that is said until something begins with `wanted`."""
    told = []
    while not (told and told[-1].startswith(wanted)):
        told.append(manager.recv(1000).decode())
    return told


def test_a_process_says_that_it_is_ready_alive_reloading_and_ending(root, tmp_path, manager) -> None:
    config = tmp_path / "daemon.toml"
    config.write_text("source = 'demo:?fps=20'\n")
    command = [sys.executable, "-m", "device", "run", "--config", str(config)]
    environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with (tmp_path / "stream").open("wb") as stream:
        pipes["stdout"] = stream
        child = subprocess.Popen(command, cwd=root, env=environment, text=True, **pipes)
        try:
            assert "READY=1" in heard(manager, "READY=1")
            heard(manager, "WATCHDOG=1")
            heard(manager, "WATCHDOG=1")
            config.write_text("source = 'demo:?fps=20'\nsorce = 1\n")
            child.send_signal(signal.SIGHUP)
            assert "MONOTONIC_USEC=" in heard(manager, "RELOADING=1")[-1]
            heard(manager, "READY=1")
            config.write_text("source = 'demo:?fps=21'\n")
            child.send_signal(signal.SIGHUP)
            heard(manager, "RELOADING=1")
            heard(manager, "READY=1")
            heard(manager, "WATCHDOG=1")
            child.send_signal(signal.SIGTERM)
            heard(manager, "STOPPING=1")
            _, errors = child.communicate(timeout=20)
        finally:
            child.kill()
    assert child.returncode == 0
    assert "the settings are kept as they were: " in errors
    assert "2: unknown key 'sorce'" in errors
    lines = (tmp_path / "stream").read_text().splitlines()
    assert all(json.loads(line) for line in lines)


def test_the_watchdog_is_fed_a_quarter_of_its_time_apart(tmp_path, manager, monkeypatch) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"})
    begun = time.monotonic()
    for elapsed in (0.0, 0.1, 0.2, 0.3, 0.4):
        monkeypatch.setattr(time, "monotonic", lambda now=begun + elapsed: now)
        notifier.feed()
    notifier.status("end")
    # At once, and after 0.25 s.
    assert heard(manager, "STATUS=end") == ["WATCHDOG=1", "WATCHDOG=1", "STATUS=end"]


def test_an_abstract_name_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0landmarks-test-notify")
        Notifier({"NOTIFY_SOCKET": "@landmarks-test-notify"}).ready()
        assert listening.recv(100) == b"READY=1"


def test_without_a_manager_or_with_one_that_has_gone_nothing_happens() -> None:
    for environment in ({}, {"NOTIFY_SOCKET": "/nowhere/at/all", "WATCHDOG_USEC": "x"}):
        notifier = Notifier(environment)
        notifier.ready()
        notifier.feed()

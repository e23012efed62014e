"""A child process that crashes, hangs and outlives nobody."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from device.support.child import Child, ChildError
from tests.device.handles import open_handles

CODE = """
import os, signal, sys, time
from device.support.child import Parent
parent = Parent(sys.argv[1:])
memory = parent.share(8)
while message := parent.receive():
    if message == b"hang":
        time.sleep(3600)
    if message == b"crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if message == b"exit":
        sys.exit(3)
    memory[:5] = message[:5].ljust(5)
    parent.send(message.decode().upper())
"""


@pytest.fixture
def child(tmp_path, monkeypatch):
    (tmp_path / "loud_child.py").write_text(CODE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    child = Child("loud_child")
    yield child
    child.close()


def gone(process_id, seconds=5.0):
    """Whether the process ends in time; one that nobody has waited for yet counts as ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        stat = Path(f"/proc/{process_id}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


def test_messages_and_memory_are_shared(child) -> None:
    assert child.ask(b"hello", 20) == b"HELLO"
    assert child.memory()[:] == b"hello\0\0\0"


@pytest.mark.parametrize(
    ("order", "says"),
    [
        (b"hang", "does not answer for 0.2 s"),
        (b"crash", "died of SIGSEGV"),
        (b"exit", "ended with exit code 3"),
    ],
)
def test_a_fault_is_an_error_in_time(child, order: bytes, says: str) -> None:
    child.ask(b"hello", 20)
    begun = time.monotonic()
    with pytest.raises(ChildError, match=says):
        child.ask(order, 0.2)
    assert time.monotonic() - begun < 1
    memory = child.memory()
    child.close()
    assert gone(child.process_id)
    assert memory[:5] == b"hello"


def test_asking_the_dead_is_an_error(child) -> None:
    child.ask(b"hello", 20)
    child.interrupt()
    with pytest.raises(ChildError, match="died of SIGKILL"):
        child.ask(b"hello", 20)


def test_a_hung_child_does_not_outlive_a_parent_that_is_killed(tmp_path) -> None:
    (tmp_path / "loud_child.py").write_text(CODE)
    program = (
        "import os, signal\nfrom device.support.child import Child\nchild = Child('loud_child')\n"
        "child.ask(b'hello', 20)\nchild.send(b'hang')\nprint(child.process_id, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": f"{root}:{tmp_path}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert gone(int(done.stdout))


def test_many_children_leave_no_handles_behind(tmp_path, monkeypatch) -> None:
    (tmp_path / "short_child.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    before = open_handles()
    for _ in range(10):
        child = Child("short_child")
        with pytest.raises(ChildError, match="exit code 0"):
            child.receive(20)
        child.close()
        child.close()
    assert not open_handles() - before

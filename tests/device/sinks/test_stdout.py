"""Lines on standard output, and what happens when their reader goes away."""

import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread, Timer

import pytest

from device.contract.errors import UsageError
from device.messages.messages import Status
from device.sinks import open_sink
from device.sinks.stdout import StdoutSink

ROOT = Path(__file__).parents[3]

ENDLESS = """
import sys
from device.contract.errors import run_program
from device.sinks import open_sink

def main():
    sink = open_sink("stdout:")
    while True:
        sink.publish(None, b'{"n":1}\\n')

sys.exit(run_program(main))
"""


def test_every_line_is_written_out_at_once() -> None:
    reader, writer = os.pipe()
    sink = StdoutSink(writer)
    status = Status("demo", 1)
    sink.publish(status, b"one\n")
    assert os.read(reader, 100) == b"one\n"
    sink.publish(status, b"two\n")
    assert os.read(reader, 100) == b"two\n"
    sink.close()
    os.close(reader)
    os.close(writer)


def test_a_slow_reader_is_waited_for_and_gets_every_byte() -> None:
    reader, writer = os.pipe()
    sink = StdoutSink(writer)
    lines = [bytes([65 + number]) * 100_000 + b"\n" for number in range(5)]
    writing = Thread(target=lambda: [sink.publish(Status("demo", 1), line) for line in lines])
    writing.start()
    time.sleep(0.3)
    got = b""
    while len(got) < 500_005:
        got += os.read(reader, 7000)
    writing.join(5)
    assert got == b"".join(lines)
    os.close(reader)
    os.close(writer)


def test_a_reader_that_takes_nothing_does_not_hold_up_the_end() -> None:
    reader, writer = os.pipe()
    sink = StdoutSink(writer)
    Timer(0.2, sink.stop_waiting).start()
    begun = time.monotonic()
    for _ in range(100):
        sink.publish(Status("demo", 1), b"x" * 5000)
    assert 0.2 <= time.monotonic() - begun < 2
    os.close(reader)
    os.close(writer)


def test_a_daemon_whose_reader_stands_still_ends_at_the_first_signal() -> None:
    daemon = subprocess.Popen(
        [sys.executable, "-m", "device", "run", "--source", "demo:", "--sink", "stdout:"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert daemon.stdout is not None
    daemon.stdout.readline()
    # A pipe holds 64 KiB: some thirty messages, a second of the demo.
    time.sleep(3)
    daemon.terminate()
    assert daemon.wait(5) == 0
    daemon.stdout.close()


def test_a_reader_that_goes_away_ends_the_program_quietly() -> None:
    program = subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", ENDLESS],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert program.stdout is not None
    assert program.stderr is not None
    assert program.stdout.readline() == b'{"n":1}\n'
    program.stdout.close()
    assert program.wait(20) == 0
    assert program.stderr.read() == b""
    program.stderr.close()


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("stdout", "did you mean stdout:?"),
        ("stdot:", "unknown sink 'stdot:'; did you mean stdout:?"),
        ("mqqt://broker", "unknown sink 'mqqt:'"),
        ("x:", "unknown sink 'x:', known: stdout:, "),
        ("stdout:x", "takes no place, got 'x'"),
    ],
)
def test_a_wrong_address_is_told_what_was_got_and_wanted(uri: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_sink(uri)
    assert says in str(caught.value)


def test_a_program_that_is_started_without_standard_output_is_told_so() -> None:
    command = f"exec {sys.executable} -m device run --frames 1 >&-"
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 7
    assert done.stderr.endswith(
        "error: standard output is closed; open it, or name another sink with --sink\n"
    )

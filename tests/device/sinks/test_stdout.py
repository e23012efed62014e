"""Lines on standard output, and what happens when their reader goes away."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from device.contract.errors import UsageError
from device.events import Status
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


class RecordingStream(io.BytesIO):
    """Remembers what had been written at each flush."""

    def __init__(self) -> None:
        super().__init__()
        self.flushed: list[bytes] = []

    def flush(self) -> None:
        self.flushed.append(self.getvalue())


def test_every_line_is_written_out_at_once() -> None:
    stream = RecordingStream()
    sink = StdoutSink(stream)
    status = Status("demo", 1)
    sink.publish(status, b"one\n")
    sink.publish(status, b"two\n")
    sink.close()
    assert stream.flushed == [b"one\n", b"one\ntwo\n"]


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
        ("stdot:", "unknown sink 'stdot:', known: stdout:, "),
        ("stdout", "did you mean stdout:?"),
        ("stdot:", "; did you mean stdout:?"),
        ("mqqt://broker", "unknown sink 'mqqt:'"),
        ("stdout:x", "takes no place, got 'x'"),
    ],
)
def test_a_wrong_address_is_told_what_was_got_and_wanted(uri: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_sink(uri)
    assert says in str(caught.value)

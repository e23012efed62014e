"""The recording: whole lines only, pieces of a bounded size, and a full disk that ends and comes back."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from device.contract.errors import UsageError, WriteFailedError
from device.messages.messages import FaceLost, Status, encode
from device.sinks import file as file_sink
from device.sinks import open_sink
from device.support.condition import State
from tests.broker import wait_until


def record(sink, numbers):
    for number in numbers:
        message = FaceLost("cam0", 5, 1, 2, number)
        sink.publish(message, encode(message))


def ids_in(path):
    return [json.loads(line)["id"] for line in path.read_bytes().splitlines()]


def test_every_line_is_in_the_file_as_it_was_given(tmp_path):
    path = tmp_path / "new folder" / "day.jsonl"
    sink = open_sink(f"file:{path}")
    message = Status("cam0", 1)
    sink.publish(message, encode(message))
    sink.close()
    assert path.read_bytes() == encode(message)


def test_pieces_are_bounded_and_the_oldest_goes(tmp_path):
    path = tmp_path / "day.jsonl"
    sink = open_sink(f"file:{path}?max_mb=0.001&keep=2")
    record(sink, range(1, 101))
    sink.close()
    pieces = [path, tmp_path / "day.jsonl.1", tmp_path / "day.jsonl.2"]
    assert sorted(tmp_path.iterdir()) == pieces
    assert all(piece.stat().st_size <= 1000 for piece in pieces)
    newest_last = [number for piece in reversed(pieces) for number in ids_in(piece)]
    assert newest_last == list(range(101 - len(newest_last), 101))
    assert len(newest_last) >= 18


def test_a_new_run_leaves_the_last_one_beside_it(tmp_path):
    path = tmp_path / "day.jsonl"
    path.write_bytes(b'{"broken')
    sink = open_sink(f"file:{path}")
    record(sink, [7])
    sink.close()
    assert ids_in(path) == [7]
    assert (tmp_path / "day.jsonl.1").read_bytes() == b'{"broken'


FULL = """
import json, resource, signal, sys, time
from device.messages.messages import FaceLost, encode
from device.support.condition import State
from device.sinks import file, open_sink
file.RETRY_SECONDS = 0.1
# A file may grow to 10 kB: the kernel writes part of a line and then refuses, as a full disk does.
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
sink = open_sink("file:" + sys.argv[1])
def record(numbers):
    for number in numbers:
        message = FaceLost("cam0", 5, 1, 2, number)
        sink.publish(message, encode(message))
record(range(1, 301))
until = time.monotonic() + 5
while sink.condition.state != State.LOST and time.monotonic() < until: time.sleep(0.01)
print(sink.condition.state, sink.condition.reason, flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
while sink.condition.state != State.OK and time.monotonic() < until:
    record([1000])
    time.sleep(0.02)
print(sink.condition.state, flush=True)
record([1001])
sink.close()
"""


def test_a_full_disk_stops_the_recording_says_so_and_it_goes_on_when_there_is_room(tmp_path, root):
    path = tmp_path / "day.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", FULL, path], cwd=root, capture_output=True, text=True, check=True
    )
    lost, found = done.stdout.splitlines()
    assert lost == f"lost cannot record to {path}: File too large; trying again"
    assert found == "ok"
    # No line is broken, neither at the end of the disk nor after it.
    numbers = ids_in(path)
    assert numbers == [*range(1, 1 + numbers.index(1000)), *[1000] * numbers.count(1000), 1001]
    assert 9_800 < len(path.read_bytes().split(b'"id":1000')[0]) <= 10_100


FULL_OF_PICTURES = (
    FULL.partition("sink = open_sink")[0]
    + """
from device.contract.errors import WriteFailedError
scheme, path = sys.argv[1].split(":")
from tests.device.sinks.test_csv import a_face, a_frame
sink = open_sink(sys.argv[1])
sink.wait_for_disk()
try:
    for number in range(200):
        message = a_frame(number, a_face(1))
        sink.publish(message, encode(message))
    sink.close()
except WriteFailedError as error:
    print(error)
"""
)


@pytest.mark.parametrize("scheme", ["file", "csv"])
def test_where_every_frame_counts_a_full_disk_is_a_failure(tmp_path, root, scheme):
    path = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-c", FULL_OF_PICTURES, f"{scheme}:{path}"],
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith(f"cannot write {path}: File too large; what fitted is kept")
    assert done.stderr == ""
    assert path.read_bytes().endswith(b"\n")


def test_where_every_frame_counts_a_slow_disk_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(file_sink, "WAITING_LINES", 3)
    monkeypatch.setattr(file_sink, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(file_sink, "CLOSING_SECONDS", 0.2)
    path = tmp_path / "day.jsonl"
    sink = open_sink(f"file:{path}")
    write = sink._write
    monkeypatch.setattr(sink, "_write", lambda line: (time.sleep(0.02), write(line)))
    sink.wait_for_disk()
    record(sink, range(50))
    sink.close()
    assert ids_in(path) == list(range(50))


def test_a_disk_that_a_camera_loses_lines_to_is_in_the_log_once(tmp_path, caplog):
    sink = open_sink(f"file:{tmp_path}/day.jsonl")
    for _ in range(3):
        sink._give_up_piece(OSError(28, "No space left on device"))
    sink.close()
    assert [record.message for record in caplog.records] == [
        f"cannot record to {tmp_path}/day.jsonl: No space left on device; trying again"
    ]


def test_a_disk_that_hangs_holds_nobody_up_and_is_told(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)  # written to until its buffer is full, then the write waits for a reader
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    piece = file_sink.Piece.__new__(file_sink.Piece)
    piece._file, piece.size, piece._synced_at = os.open(path, os.O_WRONLY), 0, time.monotonic() + 1000
    sink = file_sink.FileSink(tmp_path / "day.jsonl", 10**9, 0)
    sink._piece = piece
    began = time.monotonic()
    record(sink, range(1, 3001))
    assert time.monotonic() - began < 1
    assert sink.condition.state == State.DEGRADED
    os.close(reader)
    sink._lines.queue.clear()
    sink.close()


def test_a_place_that_cannot_be_written_is_an_error_at_the_start(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WriteFailedError, match="cannot record to"):
        open_sink(f"file:{tmp_path}/file/day.jsonl")
    with pytest.raises(UsageError, match=r"lacks its place; write file:PATH"):
        open_sink("file:")
    with pytest.raises(UsageError, match=r"option max_mb got '0', wanted a number, 0.001"):
        open_sink("file:x?max_mb=0")


def test_a_power_cut_breaks_the_last_line_at_most(tmp_path, root):
    """A killed process stands in for it: what the kernel has been given is whole lines but for the last."""
    path = tmp_path / "day.jsonl"
    program = (
        "import sys; from device.messages.messages import FaceLost, encode\n"
        "from device.sinks import open_sink\n"
        "sink = open_sink('file:' + sys.argv[1])\n"
        "while True: sink.publish(None, encode(FaceLost('cam0', 5, 1, 2, 9)))"
    )
    child = subprocess.Popen([sys.executable, "-c", program, path], cwd=root)
    assert wait_until(lambda: path.exists() and path.stat().st_size > 50_000)
    child.kill()
    child.wait()
    *whole, _last = path.read_bytes().split(b"\n")
    assert {json.loads(line)["id"] for line in whole} == {9}


@pytest.mark.parametrize("place", ["day.jsonl", "day.jsonl.1"])
def test_a_recording_never_moves_a_folder_away(tmp_path, place):
    precious = tmp_path / place
    precious.mkdir()
    (precious / "file").write_text("data")
    if place != "day.jsonl":
        (tmp_path / "day.jsonl").write_text("older\n")
    with pytest.raises(WriteFailedError, match=f"{place}: a folder is there"):
        open_sink(f"file:{tmp_path}/day.jsonl")
    assert (precious / "file").read_text() == "data"


def test_a_recording_to_what_is_no_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    for place, kind in {
        tmp_path / "pipe": "pipe",
        "/dev/null": "device",
        tmp_path / "link": "folder",
    }.items():
        with pytest.raises(WriteFailedError, match=f"a {kind} is there"):
            open_sink(f"file:{place}")
    with pytest.raises(OSError, match="no regular file"):
        file_sink.Piece(Path("/dev/null"), 0)


def test_a_writer_that_has_died_is_not_taken_for_a_slow_disk(tmp_path, monkeypatch):
    sink = open_sink(f"file:{tmp_path}/day.jsonl")
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    monkeypatch.setattr(sink, "_write", lambda line: 1 / 0)
    record(sink, [1])
    assert wait_until(lambda: not sink._thread.is_alive())
    with pytest.raises(RuntimeError, match="has died"):
        record(sink, [2])

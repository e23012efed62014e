"""A recorded stream in, the same stream out: at its own pace, faster, or as fast as can be."""

import gzip
import json
import subprocess
import sys
import time
from contextlib import closing, contextmanager

import pytest

from device.contract.errors import BadInputError, UsageError
from device.daemon.connections import Outputs
from device.daemon.replay import Pace, Replay, find_recording, moved_to_now, read_recording
from device.messages import messages as events
from device.messages.commands import Command, Verb
from device.sinks import open_sink
from tests.fakes import ListSink

FRAME_MS = 50
HEAD = b'{"type":"face_lost","schema":1,"source":"cam0","sequence":'


def a_recording(count=10):
    """Frames 50 ms apart, and one message of a type of the future with a key order of its own."""
    lines = []
    for number in range(count):
        at = 10**12 + number * FRAME_MS * 1_000_000
        timing = events.TimingMs(0, 0, 0, 0, 0)
        message = events.FrameMessage(
            "cam0", number, at - 3_000_000, at, events.FrameInfo(640, 480), (), timing, "small@0123abcd"
        )
        lines.append(events.encode(message))
    lines.insert(1, b'{"source":"cam0", "type":"later", "schema":1}\n')
    return b"".join(lines)


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "day.jsonl"
    path.write_bytes(a_recording())
    return path


@contextmanager
def playing(uri, sink, **settings):
    with closing(Outputs.of(sink)) as outputs:
        yield Replay(find_recording(uri), outputs, **settings)


def played(uri, **settings):
    sink = ListSink()
    began = time.monotonic()
    with playing(uri, sink, **settings) as replay:
        replay.run()
    assert sink.closed
    return b"".join(sink.lines), time.monotonic() - began


def test_the_same_bytes_come_out_in_the_recorded_time(recording):
    lines, took = played(f"replay:{recording}")
    assert lines == recording.read_bytes()
    assert 0.44 < took < 0.7


@pytest.mark.parametrize(("speed", "seconds"), [("4", 0.1125), ("10", 0.045), ("fast", 0.0)])
def test_the_speed_divides_the_time(recording, speed, seconds):
    lines, took = played(f"replay:{recording}?speed={speed}")
    assert lines == recording.read_bytes()
    assert seconds - 0.01 < took < seconds + 0.2


def test_a_gzipped_recording_is_read_and_one_cut_short_gives_what_it_holds(recording, tmp_path, caplog):
    packed = tmp_path / "day.jsonl.gz"
    packed.write_bytes(gzip.compress(recording.read_bytes()))
    assert played(f"replay:{packed}?speed=fast")[0] == recording.read_bytes()
    long = gzip.compress(a_recording(2000))
    packed.write_bytes(long[: len(long) // 2])
    lines, _ = played(f"replay:{packed}?speed=fast")
    assert a_recording(2000).startswith(lines.rsplit(b"\n", 2)[0])
    assert len(lines) > 10_000
    assert "ends in the middle" in caplog.text


def test_a_broken_line_is_passed_over_and_told(recording, caplog):
    good = recording.read_bytes()
    recording.write_bytes(good + HEAD)
    assert played(f"replay:{recording}?speed=fast")[0] == good
    assert f"{recording}:12: skipped" in caplog.text


def test_times_are_moved_to_now_and_the_latency_stays(recording):
    sink = ListSink()
    with playing(f"replay:{recording}?speed=fast&clock=now", sink) as replay:
        replay.run()
    frames = [json.loads(line) for line in sink.lines if b'"frame"' in line]
    assert [frame["sequence"] for frame in frames] == list(range(10))
    for frame in frames:
        assert abs(frame["published_ns"] - time.monotonic_ns()) < 2e9
        assert frame["published_ns"] - frame["captured_ns"] == 3_000_000


def test_it_repeats_until_the_wanted_frames_are_done(recording):
    lines, _ = played(f"replay:{recording}?speed=fast&repeat=1", frames=25)
    assert lines.count(b'"type":"frame"') == 25


def test_stop_ends_a_wait(tmp_path):
    path = tmp_path / "day.jsonl"
    lines = a_recording(2).splitlines(keepends=True)
    path.write_bytes(
        lines[0] + lines[2].replace(b'"published_ns":1000050000000', b'"published_ns":9000000000000')
    )
    sink = ListSink()
    replay = Replay(find_recording(f"replay:{path}"), Outputs.of(sink))
    publish = sink.publish
    sink.publish = lambda message, line: (publish(message, line), replay.stop())
    began = time.monotonic()
    replay.run()
    assert time.monotonic() - began < 1
    assert len(sink.lines) == 1


def test_two_recordings_in_one_file_are_played_one_after_the_other():
    pace = Pace(1.0)
    assert pace.seconds_until(5_000_000_000, 100.0) == 0
    assert pace.seconds_until(6_000_000_000, 100.0) == pytest.approx(1.0)
    assert pace.seconds_until(5_990_000_000, 101.0) == 0
    assert pace.seconds_until(1_000_000_000, 101.0) == 0
    assert pace.seconds_until(1_500_000_000, 101.0) == pytest.approx(0.5)
    assert pace.seconds_until(None, 101.0) == 0


class CommandingSink(ListSink):
    def take_commands(self):
        return [Command(Verb.RATE, 5.0, "rate 5")]


def test_a_command_is_answered_with_a_no(recording):
    sink = CommandingSink()
    with playing(f"replay:{recording}?speed=fast", sink, frames=1) as replay:
        replay.run()
    reply = json.loads(sink.lines[0])
    assert (reply["type"], reply["command"], reply["accepted"]) == ("reply", "rate 5", False)


def test_what_the_file_sink_has_written_is_played(tmp_path):
    recorder = open_sink(f"file:{tmp_path / 'day.jsonl'}")
    for message, line in read_recording_lines(a_recording()):
        recorder.publish(message, line)
    recorder.close()
    assert played(f"replay:{tmp_path / 'day.jsonl'}?speed=fast")[0] == a_recording()


def read_recording_lines(data):
    return [(None, line) for line in data.splitlines(keepends=True)]


@pytest.mark.parametrize(
    ("uri", "error", "says"),
    [
        ("replay:", UsageError, "lacks its place; write replay:FILE"),
        ("replay:none.jsonl", BadInputError, "no recording 'none.jsonl'; make one with --sink file:PATH"),
        ("replay:x?speed=11", UsageError, "option speed got '11', wanted 0.1 to 10, or fast"),
        ("replay:x?speed=nan", UsageError, "option speed got 'nan'"),
        ("replay:x?sped=1", UsageError, "did you mean speed?"),
    ],
)
def test_a_wrong_address_is_told_what_was_wanted(uri, error, says):
    with pytest.raises(error) as caught:
        find_recording(uri)
    assert says in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"not json\n", b"\x1f\x8bjunk"])
def test_a_file_that_is_no_recording_is_one_line(tmp_path, content):
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=r"is no recorded stream|cannot read"):
        list(read_recording(path))


def test_the_command_line_plays_a_recording_to_its_end(recording, root):
    command = [sys.executable, "-m", "device", "run", "--source", f"replay:{recording}?speed=10"]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == recording.read_bytes()
    assert done.stderr == b""
    wrong = subprocess.run([*command[:-1], "replay:none"], cwd=root, capture_output=True, check=False)
    assert wrong.returncode == 3
    assert wrong.stderr.startswith(b"error: no recording 'none'")


@pytest.mark.parametrize("value", [b"1e999", b"1" * 400])
def test_a_line_that_cannot_be_written_again_is_a_refusal_and_no_traceback(value):
    line = (
        b'{"type":"face_lost","schema":1,"source":"a","sequence":1,"captured_ns":1,"published_ns":2,"id":3,"x":'
        + value
        + b"}\n"
    )
    with pytest.raises(BadInputError, match="what JSON cannot"):
        moved_to_now(line)

"""Plays a recorded stream: what was published then goes to the sinks again.

A recording is what `stdout:` or `file:` has written, plain or gzipped. The lines are sent unchanged;
with `clock=now` their times are moved so that they seem to be captured now.
"""

import gzip
import logging
import signal
import time
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import orjson

from device.config.values import shown
from device.contract.errors import BadInputError
from device.contract.exit_codes import ExitCode
from device.daemon.connections import Outputs
from device.messages import messages as events
from device.messages.json_decoder import decode_line, decode_message
from device.settings import DaemonSettings
from device.sinks import open_sink
from device.sources.open import SOURCES
from device.sources.replay import ReplayOptions
from device.support.paths import is_file, path_of

log = logging.getLogger(__name__)

MAX_LINE_BYTES = 1_000_000
"""A longer line is no message."""

GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class Recording:
    """A recording and how it is played."""

    path: Path
    options: ReplayOptions = field(default_factory=ReplayOptions)


def find_recording(uri: str) -> Recording:
    """The recording that an address such as `replay:day.jsonl?speed=2` names.

    Raises:
        UsageError: no file, an unknown option, a value out of its range.
        BadInputError: there is no such file.
    """
    address = SOURCES.parse(uri)
    path = path_of(address.place)
    if not is_file(path):
        raise BadInputError(f"no recording {shown(address.place)}; make one with --sink file:PATH")
    return Recording(path, address.options)


def read_recording(path: Path) -> Iterator[tuple[events.Message, bytes]]:
    """Every message of a recording with its line, in order.

    A line that is no message is skipped and logged: a power cut may have broken one.

    Raises:
        BadInputError: the file cannot be read, or its first line is no message.
    """
    good = 0
    for number, line in enumerate(_lines(path), 1):
        try:
            message = decode_line(line)
        except BadInputError as error:
            if not good:
                raise BadInputError(f"{path} is no recorded stream: line {number}: {error}") from error
            log.warning("%s:%d: skipped: %s", path, number, error)
            continue
        good += 1
        yield message, line if line.endswith(b"\n") else line + b"\n"
    if not good:
        raise BadInputError(f"{path} is no recorded stream: it is empty")


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as probe:
            zipped = probe.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        with gzip.open(path) if zipped else path.open("rb") as stream:
            yield from iter(lambda: stream.readline(MAX_LINE_BYTES), b"")
    except (EOFError, zlib.error) as error:
        log.warning("%s ends in the middle (%s); what was before it is played", path, error)
    except OSError as error:
        raise BadInputError(f"cannot read {path}: {error.strerror or error}") from error


def _published_ns(message: events.Message) -> int | None:
    """When a message was sent; for a health message this is its clock pair."""
    for name in ("published_ns", "monotonic_ns"):
        instant = getattr(message, name, None)
        if instant is not None:
            return int(instant)
    return None


def moved_to_now(line: bytes) -> tuple[events.Message, bytes]:
    """A message whose times are moved so that it is published now; its latency stays.

    Raises:
        BadInputError: an unknown key holds what cannot be written again, such as a number without end.
    """
    try:
        values = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        # In what a newer recorder added: it is passed over by the decoder, but must be written again here.
        raise BadInputError(f"a line holds what JSON cannot: {error}") from error
    now_ns, utc_ns = events.clock_pair()
    if "captured_ns" in values and "published_ns" in values:
        values["captured_ns"] = max(now_ns - (values["published_ns"] - values["captured_ns"]), 0)
    for name, instant in (("published_ns", now_ns), ("monotonic_ns", now_ns), ("utc_ns", utc_ns)):
        if name in values:
            values[name] = instant
    return decode_message(values), orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE)


class Replay:
    """Plays one recording to any number of sinks, in place of the daemon."""

    def __init__(self, recording: Recording, outputs: Outputs, frames: int | None = None) -> None:
        """Prepare to play.

        Args:
            recording: what is played, how fast.
            outputs: the sinks; every message goes to each.
            frames: frame messages after which it ends; None: at the recording's end.
        """
        self._path, self._options = recording.path, recording.options
        self._outputs, self._frames = outputs, frames
        self._stopping = Event()
        self._sent_frames = 0

    def stop(self) -> None:
        """End after the current message; may be called from a signal handler."""
        self._stopping.set()
        self._outputs.stop_waiting()

    def run(self) -> None:
        """Publish until the recording ends, `stop` is called, or the wanted number of frames is reached.

        Raises:
            BadInputError: the file cannot be read or holds no stream.
        """
        self._play()
        while self._options.repeat and not self._ended:
            self._play()

    @property
    def _ended(self) -> bool:
        return self._stopping.is_set() or self._sent_frames == self._frames

    def _play(self) -> None:
        """Play the recording once."""
        pace = Pace(self._options.speed)
        for message, line in read_recording(self._path):
            self._stopping.wait(pace.seconds_until(_published_ns(message), time.monotonic()))
            if self._ended:
                return
            self._refuse_commands(message.source)
            if self._options.clock == "now":
                try:
                    message, line = moved_to_now(line)  # noqa: PLW2901 - the same message with other times
                except BadInputError as error:
                    log.warning("%s: skipped: %s", self._path, error)
                    continue
            self._outputs.publish(message, line)
            self._sent_frames += isinstance(message, events.FrameMessage)

    def _refuse_commands(self, source: str) -> None:
        for command in self._outputs.take_commands():
            reason = "a recording is being played, which takes no commands"
            reply = events.Reply(source, time.monotonic_ns(), command.text, accepted=False, reason=reason)
            self._outputs.publish(reply)


class Pace:
    """When each message is due: the first at once, the others at their recorded distance over the speed."""

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._first: tuple[int, float] | None = None
        self._newest_ns = 0

    def seconds_until(self, published_ns: int | None, now: float) -> float:
        """How long to wait before the message that was sent then; `now` in monotonic seconds."""
        if self._speed is None or published_ns is None:
            return 0.0
        # A health message reads its clock a little before it is sent; a second back means another recording.
        if self._first is None or published_ns < self._newest_ns - 1_000_000_000:
            self._first, self._newest_ns = (published_ns, now), published_ns
        self._newest_ns = max(self._newest_ns, published_ns)
        first_ns, begun = self._first
        return max(begun + (published_ns - first_ns) / 1e9 / self._speed - now, 0.0)


def run_replay(settings: DaemonSettings) -> int:
    """Play the recording that the settings name to their sinks, until its end or a signal.

    Raises:
        LandmarksError: an address that cannot be understood or opened, a file that is no recording.
    """
    recording = find_recording(settings.source)
    with closing(Outputs(open_sink, settings.sinks)) as outputs:
        outputs.wait_for_disks()
        replay = Replay(recording, outputs, settings.frames)
        for ending in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ending, lambda *_: replay.stop())
        replay.run()
    return int(ExitCode.DONE)

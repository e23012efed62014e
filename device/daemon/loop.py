"""The daemon: frames from a source, through the tracker, as messages to every sink."""

import time
from collections.abc import Sequence
from enum import Enum
from types import TracebackType
from typing import Self

from device.contract.errors import LandmarksError
from device.daemon.health import HealthLog
from device.daemon.notify import Notifier
from device.daemon.parts import Parts
from device.daemon.rate import RateLimit
from device.inference.protocols import Engine
from device.messages import messages as events
from device.messages.commands import BadCommand, Command, Verb
from device.settings import DaemonSettings
from device.signal.reader import Reader
from device.sinks import CommandSink, PictureSink, RoundTripSink, Sink
from device.sources.frame import Frame, FrameSource, Unreadable
from device.support.condition import OK, Condition, State, worst
from device.tracking.tracker import Tracker

FILE_FPS = 30.0
"""Frames of files are tracked as if they came at this rate: what is found in a file must not depend on
how fast it is read."""


class Ending(Enum):
    """Why a run has ended."""

    DONE = "the source has no more frames, or the wanted number is reached"
    STOPPED = "it was asked to stop"
    RELOAD = "it was asked to read the settings again"


class OneModel:
    """An engine that knows its model's name and nothing else."""

    def __init__(self, identity: str) -> None:
        """NAME@sha8."""
        self.identity = identity
        self.inference = self.model = OK
        self.rate_fps: float | None = None

    def note_latency(self, latency_ms: float) -> None:
        """Whatever it is."""

    def close(self) -> None:
        """There is nothing to let go of."""

    def choose(self, name: str) -> None:
        """There is nothing to choose from.

        Raises:
            LandmarksError: always.
        """
        raise LandmarksError(f"model {name!r} cannot be loaded: this run has one model only")


class Daemon:
    """One source, one tracker, any number of sinks."""

    def __init__(
        self,
        source: FrameSource,
        tracker: Tracker,
        sinks: Sequence[Sink],
        model: str | Engine,
        settings: DaemonSettings,
        *,
        health: HealthLog | None = None,
        notifier: Notifier | None = None,
    ) -> None:
        """Nothing runs yet.

        Args:
            source: iterated once a run.
            tracker: with a loaded network.
            sinks: every message goes to each.
            model: what runs the network, or NAME@sha8 for the messages.
            settings: how long and how often.
            health: what is known so far, if this is not the first run.
            notifier: of the service manager.
        """
        self._source, self._tracker, self._sinks = source, tracker, sinks
        self._engine: Engine = OneModel(model) if isinstance(model, str) else model
        self._settings = settings
        # Pictures of a folder are unrelated unless the user says otherwise.
        self._unrelated = source.name == "images" and not settings.follow
        self._parts = Parts()
        self._health = health or HealthLog(source.name)
        self._notifier = notifier or Notifier({})
        self._asking = [sink for sink in sinks if isinstance(sink, CommandSink)]
        self._showing = [sink for sink in sinks if isinstance(sink, PictureSink)]
        self._rate = RateLimit()
        self._wanted_fps: float | None = None
        self._reader = Reader(settings.signal, follows=not self._unrelated)
        self._trouble: Condition | None = None
        self._ending: Ending | None = None

    def __enter__(self) -> Self:
        """The daemon itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of the source and the sinks."""
        self._source.close()
        for sink in self._sinks:
            sink.close()

    def stop(self) -> None:
        """End after the frame in hand; may be called from a signal handler."""
        self._ending = Ending.STOPPED

    def reload(self) -> None:
        """End a live run after the frame in hand, to begin another with new settings; as `stop`."""
        if self._source.live and self._ending is None:
            self._ending = Ending.RELOAD

    def tell_trouble(self, reason: str) -> None:
        """Tell that the last run has failed; it counts as long as no frame has been handled."""
        self._trouble = Condition(State.LOST, reason)
        self._check_parts()

    def run(self) -> Ending:
        """Publish until the source ends, `stop` is called, or the wanted frames are done.

        Returns:
            Why it ended.
        """
        self._check_parts(self._source.live)
        if self._source.live:
            self._publish_health()
        self._notifier.ready()
        for item in self._source:
            if self._ending is not None:
                return self._ending
            if isinstance(item, Unreadable):
                self._on_unreadable(item)
            elif isinstance(item, Frame):
                self._on_frame(item)
            self._look_around(alive=isinstance(item, Frame) or not self._source.stuck)
            if self._settings.frames is not None and self._health.frames >= self._settings.frames:
                break
        return self._ending or Ending.DONE

    def _look_around(self, alive: bool) -> None:
        """What is due between two frames."""
        for sink in self._asking:
            for command in sink.take_commands():
                self._obey(command)
        self._check_parts()
        if self._health.silent_seconds >= self._settings.health_seconds:
            self._publish_health()
        if alive:
            self._notifier.feed()

    def _publish(self, message: events.Message) -> None:
        line = events.encode(message)
        for sink in self._sinks:
            sink.publish(message, line)
        self._health.note(message)

    def _check_parts(self, first: bool = False) -> None:
        """Tell the status if a part has changed; a file's only if one is not well."""
        parts, engine = self._parts, self._engine
        parts.inference, parts.model = self._trouble or engine.inference, engine.model
        parts.broker = worst(sink.condition for sink in self._sinks)
        if first or (parts.changed and (self._source.live or parts.ill or parts.told)):
            self._publish_status()

    def _publish_status(self) -> None:
        self._publish(self._parts.tell(self._source.name, time.monotonic_ns()))
        self._notifier.status(str(self._parts))

    def _on_frame(self, frame: Frame) -> None:
        rate_fps = _slower(self._wanted_fps, self._engine.rate_fps)
        if self._source.live and not self._rate.passes(frame.captured_ns, rate_fps):
            return
        if self._unrelated:
            self._tracker.reset()
        tracked = self._tracker.track(frame.image, self._scene_ns(frame))
        begun_ns = time.monotonic_ns()
        faces = self._reader.read(tracked, frame.size_wh, self._scene_ns(frame) / 1e9)
        signal_ms = (time.monotonic_ns() - begun_ns) / 1e6
        timing = events.TimingMs(**tracked.timing_ms, signal=signal_ms)
        self._parts.set_camera(OK)
        self._trouble = None
        for sink in self._showing:
            if sink.wants_pictures:
                sink.show(frame)
        published_ns = time.monotonic_ns()
        self._publish(self._frame_message(frame, faces, timing, published_ns))
        for number in () if self._unrelated else tracked.lost_ids:
            self._publish(
                events.FaceLost(self._source.name, frame.sequence, frame.captured_ns, published_ns, number)
            )
        # What is found in a file must not depend on how fast it is read.
        if self._source.live:
            self._engine.note_latency((published_ns - frame.captured_ns) / 1e6)

    def _scene_ns(self, frame: Frame) -> int:
        """When the scene looked like this: nanoseconds since any instant that the stream keeps."""
        return frame.captured_ns if self._source.live else int(frame.sequence * 1e9 / FILE_FPS)

    def _frame_message(
        self,
        frame: Frame,
        faces: list[events.FaceMessage],
        timing: events.TimingMs,
        published_ns: int,
    ) -> events.FrameMessage:
        width, height = frame.size_wh
        return events.FrameMessage(
            source=self._source.name,
            sequence=frame.sequence,
            captured_ns=frame.captured_ns,
            published_ns=published_ns,
            frame=events.FrameInfo(width, height, frame.name),
            faces=faces,
            timing_ms=timing,
            model=self._engine.identity,
        )

    def _on_unreadable(self, missing: Unreadable) -> None:
        self._publish(
            events.ErrorMessage(
                self._source.name,
                missing.sequence,
                missing.captured_ns,
                time.monotonic_ns(),
                missing.reason,
                missing.name,
            )
        )
        if self._source.live:
            self._parts.set_camera(Condition(State.LOST, missing.reason))

    def _publish_health(self) -> None:
        timers = [sink for sink in self._sinks if isinstance(sink, RoundTripSink)]
        round_trips_ms = [spent_ms for sink in timers for spent_ms in sink.take_round_trips_ms()]
        skipped = self._source.skipped + self._rate.passed_over
        self._publish(self._health.tell(skipped, round_trips_ms))

    def _obey(self, command: Command | BadCommand) -> None:
        """Carry out a command and answer it; a refused one changes nothing."""
        reason = command.reason if isinstance(command, BadCommand) else ""
        if isinstance(command, Command):
            try:
                self._carry_out(command)
            except LandmarksError as error:
                reason = str(error)
        self._publish(events.Reply(self._source.name, time.monotonic_ns(), command.text, not reason, reason))

    def _carry_out(self, command: Command) -> None:
        match command.verb:
            case Verb.STATUS:
                self._publish_status()
            case Verb.HEALTH:
                self._publish_health()
            case Verb.RATE:
                self._wanted_fps = None if command.value is None else float(command.value)
            case Verb.MODEL:
                self._engine.choose(str(command.value))
            case Verb.RELOAD:
                self.reload()
            case Verb.RAW:
                self._reader.sends_raw = bool(command.value)


def _slower(first: float | None, second: float | None) -> float | None:
    """The lower of two rates, of which None is the highest."""
    rates = [rate for rate in (first, second) if rate is not None]
    return min(rates, default=None)

"""The daemon's loop: frames from a source, through the tracker, as messages to every sink."""

import time
from enum import Enum
from types import TracebackType
from typing import Self

from device.contract.errors import LandmarksError
from device.contract.landmarks import ibug_68
from device.daemon.connections import Outputs
from device.daemon.health import HealthLog
from device.daemon.notify import Notifier
from device.daemon.part_status import PartStatus
from device.daemon.rate import RateLimit
from device.inference.protocols import Engine
from device.messages import messages as events
from device.messages.commands import BadCommand, Command, Verb
from device.settings import DaemonSettings
from device.signal.reader import Reader
from device.sources.frame import Frame, FrameSource, Unreadable
from device.support.condition import OK, Condition, State, worst
from device.tracking.tracker import Tracker

FILE_FPS = 30.0
"""Frames of files are tracked as if they came at this rate: what is found in a file must not depend on
how fast it is read."""


class StopReason(Enum):
    """Why a run has ended."""

    DONE = "the source has no more frames, or the wanted number is reached"
    STOPPED = "it was asked to stop"
    RELOAD = "it was asked to read the settings again"


class OneModel:
    """An engine that knows its model's name (NAME@sha8) and nothing else."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.inference = self.model = OK
        self.rate_fps: float | None = None

    def note_latency(self, latency_ms: float) -> None:
        """Nothing depends on it."""

    def close(self) -> None:
        """Nothing to release."""

    def choose(self, name: str) -> None:
        """Refuse.

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
        outputs: Outputs,
        model: str | Engine,
        settings: DaemonSettings,
        *,
        health: HealthLog | None = None,
        notifier: Notifier | None = None,
        failure: str = "",
        refused_reload: str = "",
    ) -> None:
        """Prepare one run.

        Args:
            source: iterated once a run.
            tracker: with a loaded network.
            outputs: the sinks; every message goes to each.
            model: what runs the network, or NAME@sha8 for the messages.
            settings: how long and how often.
            health: figures of the runs before, if this is not the first.
            notifier: of the service manager.
            failure: why the run before has failed; reported until a frame has been handled.
            refused_reload: why newer settings are not in use; empty when they are.
        """
        self._source, self._tracker, self._outputs = source, tracker, outputs
        self._engine: Engine = OneModel(model) if isinstance(model, str) else model
        self._settings = settings
        self._unrelated = not (source.is_sequence or settings.follow)
        self._parts = PartStatus()
        self._health = health or HealthLog(source.name)
        self._notifier = notifier or Notifier({})
        self._rate = RateLimit()
        self._wanted_fps: float | None = None
        self._reader = Reader(settings.signal, follows=not self._unrelated, scheme=tracker.scheme)
        self._failure = Condition(State.LOST, failure) if failure else None
        self._refused_reload = Condition(State.DEGRADED, refused_reload) if refused_reload else OK
        self._stop_reason: StopReason | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the source and the sinks."""
        self._source.close()
        self._outputs.close()

    def stop(self) -> None:
        """End after the current frame; may be called from a signal handler."""
        self._stop_reason = StopReason.STOPPED

    def reload(self) -> None:
        """End a live run after the current frame, to begin another with new settings; as `stop`."""
        if self._source.live and self._stop_reason is None:
            self._stop_reason = StopReason.RELOAD

    def report_failure(self, reason: str) -> None:
        """Report that this run has failed."""
        self._failure = Condition(State.LOST, reason)
        self._check_parts()

    def run(self) -> StopReason:
        """Publish until the source ends, `stop` is called, or the wanted number of frames is reached."""
        self._check_parts(first=self._source.live)
        if self._source.live:
            self._publish_health()
        self._notifier.ready()
        for item in self._source:
            if self._stop_reason is not None:
                return self._stop_reason
            if isinstance(item, Unreadable):
                self._on_unreadable(item)
            elif isinstance(item, Frame):
                self._on_frame(item)
            self._between_frames(alive=isinstance(item, Frame) or not self._source.stuck)
            if self._settings.frames is not None and self._health.frames >= self._settings.frames:
                break
        return self._stop_reason or StopReason.DONE

    def _between_frames(self, alive: bool) -> None:
        for command in self._outputs.take_commands():
            self._answer(command)
        self._check_parts()
        if self._health.silent_seconds >= self._settings.health_seconds:
            self._publish_health()
        if alive:
            self._notifier.feed()

    def _publish(self, message: events.Message) -> None:
        self._outputs.publish(message)
        self._health.note(message)

    def _check_parts(self, first: bool = False) -> None:
        """Publish the status if a part has changed."""
        parts, engine = self._parts, self._engine
        parts.inference = self._failure or engine.inference
        parts.model = worst((engine.model, self._refused_reload))
        parts.broker = self._outputs.condition
        if first or parts.is_due(self._source.live):
            self._publish_status()

    def _publish_status(self) -> None:
        self._publish(self._parts.report(self._source.name, time.monotonic_ns()))
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
        self._failure = None
        self._outputs.show(frame)
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
        """When the scene looked like this, in nanoseconds of the stream's own clock."""
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
            scheme=None if self._tracker.scheme == ibug_68.name else self._tracker.scheme,
        )

    def _on_unreadable(self, missing: Unreadable) -> None:
        self._publish(
            events.ErrorMessage(
                source=self._source.name,
                sequence=missing.sequence,
                captured_ns=missing.captured_ns,
                published_ns=time.monotonic_ns(),
                frame=None if missing.name is None else events.NamedFrame(missing.name),
                reason=missing.reason,
            )
        )
        if self._source.live:
            self._parts.set_camera(Condition(State.LOST, missing.reason))

    def _publish_health(self) -> None:
        skipped = self._source.skipped + self._rate.skipped
        self._publish(self._health.report(skipped, self._outputs.take_round_trips_ms()))

    def _answer(self, command: Command | BadCommand) -> None:
        """Carry out a command and publish the reply; a refused command changes nothing."""
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
    """The lower of two rates; None stands for no limit."""
    if first is None or second is None:
        return second if first is None else first
    return min(first, second)

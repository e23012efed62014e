"""The daemon as a service: built from settings, supervised, and started again when it fails.

Here (and for single sinks in `sink_guard`) an unexpected error is caught, and nowhere else: it is logged
with its traceback, reported in the status, and the loop starts again after a pause. Source and sinks stay
open, so that a reader sees the outage and not a new daemon.
"""

import errno
import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from enum import StrEnum
from threading import Event
from typing import NamedTuple, Protocol

from device.contract.errors import BadInputError, LandmarksError, WriteFailedError
from device.daemon.connections import Connections, Opener
from device.daemon.health import HealthLog
from device.daemon.loop import Daemon, StopReason
from device.daemon.notify import Notifier
from device.inference.protocols import Engine
from device.settings import DaemonSettings
from device.sources.frame import FrameSource
from device.support.backoff import BackOff
from device.tracking.tracker import Tracker

log = logging.getLogger(__name__)

STABLE_SECONDS = 10.0
"""A run that lasted this long was a good one: the pause after its failure is the shortest again."""


class State(StrEnum):
    """What the service is doing."""

    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    RELOADING = "reloading"
    ENDING = "ending"


class Pipeline(NamedTuple):
    """From a frame to its faces."""

    tracker: Tracker
    engine: Engine


class Builder(Opener, Protocol):
    """Makes the parts of a daemon from settings; each method raises LandmarksError when it cannot."""

    def pipeline(self, settings: DaemonSettings, previous: Tracker | None) -> Pipeline:
        """A pipeline, loaded anew; ids of faces continue after those of the previous tracker."""
        ...


class Service:
    """Runs of the daemon one after the other, until it is stopped."""

    def __init__(
        self,
        load_settings: Callable[[], DaemonSettings],
        builder: Builder,
        notifier: Notifier | None = None,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """Prepare; `run` opens everything.

        Args:
            load_settings: reads the settings, again at each reload.
            builder: makes the parts.
            notifier: of the service manager.
            wait: sleeps for so many seconds; by default until then or until the service is stopped.
        """
        self.state = State.STARTING
        self.restarts = 0
        """Runs that an unexpected error has ended."""
        self._load, self._builder = load_settings, builder
        self._notifier = notifier or Notifier()
        self._stopped = Event()
        self._wait = wait or self._stopped.wait
        self._daemon: Daemon | None = None
        self._connections: Connections | None = None
        self._pipeline: Pipeline | None = None
        self._tracker: Tracker | None = None
        self._back_off = BackOff(stable_seconds=STABLE_SECONDS)
        self._failure = self._refused_reload = ""

    def stop(self) -> None:
        """End after the current frame; for a signal handler."""
        self.state = State.ENDING
        self._stopped.set()
        if self._daemon is not None:
            self._daemon.stop()
        if self._connections is not None:
            self._connections.outputs.stop_waiting()

    def reload(self) -> None:
        """Read the settings again after the current frame; for a signal handler."""
        if self._daemon is not None:
            self._daemon.reload()

    def run(self) -> None:
        """Open everything, stream until the source ends or the service is stopped, close everything.

        Raises:
            LandmarksError: the settings or something they name cannot be used at the start, or nothing that a
                source of files names could be read.
            BrokenPipeError: the reader of standard output has gone.
        """
        self._settings = self._load()
        with ExitStack() as parts:
            # The network first: a model that cannot be used should not switch the camera on.
            self._pipeline = self._builder.pipeline(self._settings, None)
            parts.callback(self._close_pipeline)
            self._connections = Connections(self._builder, self._settings, self._pipeline.tracker.scheme)
            parts.callback(self._connections.close)
            self._health = HealthLog(self._connections.source.name)
            self._keep_running(self._connections)
            self._check_that_frames_came(self._connections.source)
            self.state = State.ENDING
            self._notifier.stopping()

    def _check_that_frames_came(self, source: FrameSource) -> None:
        """Refuse files none of which could be read: to end well would look as if there were no face in them.

        Raises:
            BadInputError: there was no frame, and an error.
        """
        bad = self._health.unreadable
        if bad and not (self._health.frames or source.live or self._stopped.is_set()):
            raise BadInputError(
                f"source {source.name}: no frame could be read, {bad} tried; the lines above say why"
            )

    def _keep_running(self, connections: Connections) -> None:
        reason = None
        while reason in (None, StopReason.RELOAD) and not self._stopped.is_set():
            begun = time.monotonic()
            try:
                if reason is StopReason.RELOAD:
                    self._reload(connections)
                reason = self._run_once(connections)
            except Exception as error:
                # A file would begin from its start.
                if not connections.source.live or _is_final(error):
                    raise
                self._on_failure(error, time.monotonic() - begun)
                reason = None

    def _run_once(self, connections: Connections) -> StopReason:
        pipeline = self._pipeline = self._pipeline or self._builder.pipeline(self._settings, self._tracker)
        self._tracker = pipeline.tracker
        self._daemon = Daemon(
            connections.source,
            pipeline.tracker,
            connections.outputs,
            pipeline.engine,
            self._settings,
            health=self._health,
            notifier=self._notifier,
            failure=self._failure,
            refused_reload=self._refused_reload,
        )
        if self._stopped.is_set():
            return StopReason.STOPPED
        self._failure, self.state = "", State.RUNNING
        return self._daemon.run()

    def _on_failure(self, error: Exception, lasted_seconds: float) -> None:
        """Report an unexpected error, wait, and have the pipeline loaded anew."""
        self.restarts += 1
        self.state = State.RESTARTING
        pause = self._back_off.failed(lasted_seconds)
        self._failure = f"{type(error).__name__}: {error}; starting again in {pause:g} s"
        log.error("the loop failed, %s", self._failure, exc_info=error)
        if self._daemon is not None:
            self._daemon.report_failure(self._failure)
        self._close_pipeline()
        self._wait(pause)

    def _close_pipeline(self) -> None:
        if self._pipeline is not None:
            self._pipeline.engine.close()
            self._pipeline = None

    def _reload(self, connections: Connections) -> None:
        """Use the settings as they are now; if anything in them cannot be used, go on with the old ones."""
        self.state = State.RELOADING
        self._notifier.reloading()
        try:
            self._change_to(self._load(), connections)
        except LandmarksError as error:
            self._refused_reload = f"the settings are kept as they were: {error}"
            log.error("%s", self._refused_reload)  # noqa: TRY400 - a user's mistake
        else:
            self._refused_reload = ""
            log.info("settings read again")

    def _change_to(self, settings: DaemonSettings, connections: Connections) -> None:
        """Build the new pipeline beside the old one, which is closed only when all else is open too.

        An accelerator is still held by the old pipeline then, so the new one starts on the CPU and opens
        the accelerator in the background, half a second after the old one has released it.

        Raises:
            LandmarksError: something cannot be opened; everything is as it was before.
        """
        pipeline = self._builder.pipeline(settings, self._tracker)
        with ExitStack() as undo:
            undo.callback(pipeline.engine.close)
            connections.change(settings, pipeline.tracker.scheme)
            undo.pop_all()
        self._close_pipeline()
        self._settings, self._pipeline = settings, pipeline


def _is_final(error: Exception) -> bool:
    """Whether starting again is no use: the reader of standard output has gone, or its disk is full."""
    ends = isinstance(error, OSError) and error.errno in (errno.EPIPE, errno.ENOSPC)
    return ends or isinstance(error, WriteFailedError)

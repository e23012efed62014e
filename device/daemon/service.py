"""The daemon as a service: built from settings, watched, and built again when it fails.

Here, and nowhere else, an unexpected error is caught: it is logged with its traceback, told in the
status, and the loop begins again after a pause. Source and sinks live on, so that a reader sees the
outage and not a new daemon.
"""

import errno
import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from enum import StrEnum
from threading import Event
from typing import Protocol

from device.contract.errors import LandmarksError, WriteFailedError
from device.daemon.connections import OpenSinks, OpenSource
from device.daemon.health import HealthLog
from device.daemon.loop import Daemon, Ending
from device.daemon.notify import Notifier
from device.inference.protocols import Engine
from device.settings import DaemonSettings
from device.sinks import Sink
from device.sources.frame import FrameSource
from device.sources.reader import back_off_seconds
from device.tracking.tracker import Tracker

Thinker = tuple[Tracker, Engine]
"""What looks at the frames."""

log = logging.getLogger(__name__)

WELL_SECONDS = 10.0
"""A run that lasted so long counts as well: the pause before the next one is short again."""


class State(StrEnum):
    """What the service does."""

    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    RELOADING = "reloading"
    ENDING = "ending"


class Builder(Protocol):
    """Makes the parts of a daemon from settings; each method raises LandmarksError when it cannot."""

    def source(self, settings: DaemonSettings, wait_for_camera: bool) -> FrameSource:
        """Where the frames come from."""
        ...

    def sink(self, uri: str) -> Sink:
        """Where messages go."""
        ...

    def thinker(self, settings: DaemonSettings, previous: Tracker | None) -> Thinker:
        """What looks at the frames, loaded anew; ids of faces go on from the previous one's."""
        ...


class Service:
    """One daemon after the other, until it is told to stop."""

    def __init__(
        self,
        load_settings: Callable[[], DaemonSettings],
        builder: Builder,
        notifier: Notifier | None = None,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """Nothing is opened yet.

        Args:
            load_settings: reads them, again at each reload.
            builder: makes the parts.
            notifier: of the service manager.
            wait: sleeps so many seconds; by default until then or until the service is stopped.
        """
        self.state = State.STARTING
        self.restarts = 0
        """Runs that an unexpected error has ended."""
        self._load, self._builder = load_settings, builder
        self._notifier = notifier or Notifier()
        self._stopped = Event()
        self._wait = wait or self._stopped.wait
        self._daemon: Daemon | None = None
        self._sinks: OpenSinks | None = None
        self._tracker: Tracker | None = None
        self._engine: Engine | None = None
        self._trouble, self._failures = "", 0

    def stop(self) -> None:
        """End after the frame in hand; for a signal handler."""
        self.state = State.ENDING
        self._stopped.set()
        if self._daemon is not None:
            self._daemon.stop()
        if self._sinks is not None:
            self._sinks.wait_no_more()

    def reload(self) -> None:
        """Read the settings again after the frame in hand; for a signal handler."""
        if self._daemon is not None:
            self._daemon.reload()

    def run(self) -> None:
        """Open everything, stream until the source ends or the service is stopped, close everything.

        Raises:
            LandmarksError: the settings or something they name cannot be used at the start.
            BrokenPipeError: the reader of standard output has gone.
        """
        settings = self._load()
        with ExitStack() as parts:
            sinks = self._sinks = parts.enter_context(OpenSinks(self._builder.sink, settings.sinks))
            # The network first: a model that cannot be used should not light up the camera.
            thinker = self._builder.thinker(settings, None)
            parts.callback(self._close_engine)
            source = parts.enter_context(OpenSource(self._builder.source, settings))
            self._health = HealthLog(source.now.name)
            self._keep_running(settings, sinks, source, thinker)
            self.state = State.ENDING
            self._notifier.stopping()

    def _keep_running(
        self, settings: DaemonSettings, sinks: OpenSinks, source: OpenSource, thinker: Thinker | None
    ) -> None:
        ending = None
        while ending in (None, Ending.RELOAD) and not self._stopped.is_set():
            if ending is Ending.RELOAD:
                self.state = State.RELOADING
                settings = self._reloaded(settings, sinks, source)
                thinker = None
            begun = time.monotonic()
            try:
                ending = self._run_once(settings, sinks, source, thinker)
            except Exception as error:
                # A file would begin from its start.
                if not source.now.live or _is_final(error):
                    raise
                self._note_failure(error, time.monotonic() - begun)
                ending, thinker = None, None

    def _run_once(
        self,
        settings: DaemonSettings,
        sinks: OpenSinks,
        source: OpenSource,
        thinker: Thinker | None,
    ) -> Ending:
        self._tracker, self._engine = thinker or self._think_anew(settings)
        self._daemon = Daemon(
            source.now,
            self._tracker,
            sinks.now,
            self._engine,
            settings,
            health=self._health,
            notifier=self._notifier,
        )
        if self._trouble:
            self._daemon.tell_trouble(self._trouble)
            self._wait(back_off_seconds(self._failures - 1))
        if self._stopped.is_set():
            return Ending.STOPPED
        self.state = State.RUNNING
        return self._daemon.run()

    def _close_engine(self) -> None:
        if self._engine is not None:
            self._engine.close()

    def _think_anew(self, settings: DaemonSettings) -> Thinker:
        """Tracker and engine, loaded once more; the engine before lets go of its accelerator first."""
        self._close_engine()
        return self._builder.thinker(settings, self._tracker)

    def _note_failure(self, error: Exception, lasted_seconds: float) -> None:
        self._failures = 1 if lasted_seconds >= WELL_SECONDS else self._failures + 1
        self.restarts += 1
        self.state = State.RESTARTING
        pause = back_off_seconds(self._failures - 1)
        self._trouble = f"{type(error).__name__}: {error}; starting again in {pause:g} s"
        log.error("the loop failed, %s", self._trouble, exc_info=error)

    def _reloaded(self, settings: DaemonSettings, sinks: OpenSinks, source: OpenSource) -> DaemonSettings:
        """The new settings with what they name open; the old ones if any of it cannot be used."""
        self._notifier.reloading()
        self._trouble = ""
        try:
            wanted = self._load()
            sinks.change(wanted.sinks)
            source.change(wanted)
        except LandmarksError as error:
            log.error("the settings are kept as they were: %s", error)  # noqa: TRY400 - a user's mistake
            sinks.change(settings.sinks)
            return settings
        log.info("settings read again")
        return wanted


def _is_final(error: Exception) -> bool:
    """Whether beginning again is no use: the reader of standard output has gone, or its disk is full."""
    ends = isinstance(error, OSError) and error.errno in (errno.EPIPE, errno.ENOSPC)
    return ends or isinstance(error, WriteFailedError)

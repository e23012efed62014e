"""What a service holds open from one run of the loop to the next: its source and its sinks."""

from collections.abc import Callable, Sequence
from typing import Self

from device.contract.errors import LandmarksError
from device.settings import DaemonSettings
from device.sinks import Sink, WaitingSink
from device.sources.frame import FrameSource

OpenSourceOf = Callable[[DaemonSettings, bool], FrameSource]
"""Opens the source of some settings; the second argument says whether a camera is waited for."""


class OpenSinks:
    """The sinks that are open, by address."""

    def __init__(self, open_sink: Callable[[str], Sink], uris: Sequence[str]) -> None:
        """Open all.

        Raises:
            LandmarksError: one cannot be opened; those before it are closed again.
        """
        self._open = open_sink
        self._sinks: dict[str, Sink] = {}
        try:
            self.change(uris)
        except LandmarksError:
            self.close()
            raise

    @property
    def now(self) -> list[Sink]:
        """Those open now."""
        return list(self._sinks.values())

    def change(self, uris: Sequence[str]) -> None:
        """Open what is new, then close what is no longer wanted; what stays is left alone.

        Raises:
            LandmarksError: one cannot be opened.
        """
        for uri in uris:
            if uri not in self._sinks:
                self._sinks[uri] = self._open(uri)
        for uri in set(self._sinks) - set(uris):
            self._sinks.pop(uri).close()

    def wait_no_more(self) -> None:
        """Let none hold up the end; for a signal handler."""
        for sink in self.now:
            if isinstance(sink, WaitingSink):
                sink.wait_no_more()

    def close(self) -> None:
        """Close all."""
        self.change(())

    def __enter__(self) -> Self:
        """The sinks."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all."""
        self.close()


class OpenSource:
    """The source that is open."""

    def __init__(self, open_source: OpenSourceOf, settings: DaemonSettings) -> None:
        """Open it.

        Raises:
            LandmarksError: it cannot be opened.
        """
        self._open, self._settings = open_source, settings
        self.now = open_source(settings, settings.camera.wait)

    def change(self, settings: DaemonSettings) -> None:
        """Open another one if the settings name another; a camera that is not there is waited for.

        Raises:
            LandmarksError: it cannot be opened; the old one is open again.
        """
        before, self._settings = self._settings, settings
        if (settings.source, settings.camera) == (before.source, before.camera):
            return
        # First: two may not have the same camera at once.
        self.now.close()
        try:
            self.now = self._open(settings, True)
        except LandmarksError:
            self._settings, self.now = before, self._open(before, True)
            raise

    def __enter__(self) -> Self:
        """The source."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.now.close()

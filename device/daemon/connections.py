"""What stays open from one run of the loop to the next: the sinks, and the source beside them."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Protocol, Self

from device.contract.errors import LandmarksError
from device.daemon.progress import Progress, has_room_for_bar
from device.daemon.sink_guard import SinkGuard
from device.messages.commands import BadCommand, Command
from device.messages.messages import FrameMessage, Message, encode
from device.settings import DaemonSettings
from device.sinks import Sink
from device.sources.frame import Frame, FrameSource
from device.support.condition import Condition, worst


class Outputs:
    """The open sinks by address; each gets everything through a guard of its own."""

    def __init__(self, open_sink: Callable[[str], Sink], addresses: Iterable[str] = ()) -> None:
        """Open sinks.

        Raises:
            LandmarksError: one cannot be opened; those before it are closed again.
        """
        self._open_sink = open_sink
        self._guards: dict[str, SinkGuard] = {}
        with ExitStack() as undo:
            undo.callback(self.close)
            for address in addresses:
                self.open(address)
            undo.pop_all()

    @classmethod
    def of(cls, *sinks: Sink) -> Self:
        """Sinks that are already open, named by their classes."""
        named = {f"{type(sink).__name__}:{number}": sink for number, sink in enumerate(sinks)}
        return cls(named.__getitem__, named)

    @property
    def addresses(self) -> set[str]:
        """Of the open sinks."""
        return set(self._guards)

    def open(self, address: str) -> None:
        """Open one more sink.

        Raises:
            LandmarksError: it cannot be opened.
        """
        self._guards[address] = SinkGuard(address, self._open_sink(address))

    def follow(self, length: int | None, settings: DaemonSettings) -> None:
        """Tell people how far the frames of files have come.

        Args:
            length: number of the source's frames, if it is known.
            settings: how many of them are wanted, and who else writes to the terminal.
        """
        wanted = [number for number in (length, settings.frames) if number is not None]
        progress = Progress(min(wanted, default=None), has_room_for_bar(settings.sinks))
        self._guards["progress"] = SinkGuard("progress", progress)

    def check_scheme(self, scheme: str, addresses: Iterable[str]) -> None:
        """Refuse a landmark scheme that one of these sinks cannot use.

        Raises:
            BadInputError: a sink needs another one.
        """
        for address in addresses:
            self._guards[address].check_scheme(scheme)

    def close_one(self, address: str) -> None:
        """Close the sink of an address."""
        self._guards.pop(address).close()

    def close(self) -> None:
        """Close all sinks, also where one of them fails.

        Raises:
            WriteFailedError: a disk that is waited for has not taken everything.
        """
        with ExitStack() as closing:
            for address in self.addresses:
                closing.callback(self.close_one, address)

    def wait_for_disks(self) -> None:
        """Let no sink drop what its disk is too slow for: of files every frame counts."""
        for guard in self._guards.values():
            guard.wait_for_disk()

    def stop_waiting(self) -> None:
        """Let no sink hold up the end; may be called from a signal handler."""
        for guard in list(self._guards.values()):
            guard.stop_waiting()

    @property
    def condition(self) -> Condition:
        """The worst condition of any sink; reported as `broker`."""
        return worst(guard.condition for guard in self._guards.values())

    def publish(self, message: Message, line: bytes | None = None) -> None:
        """Give every sink one message and the line that encodes it; without one it is encoded here."""
        guards = self._guards.values()
        if line is None:
            wanted = not isinstance(message, FrameMessage) or any(guard.wants_frame_line for guard in guards)
            line = encode(message) if wanted else b""
        for guard in guards:
            guard.publish(message, line)

    def show(self, frame: Frame) -> None:
        """Show a frame wherever it can be shown."""
        for guard in self._guards.values():
            guard.show(frame)

    def take_commands(self) -> list[Command | BadCommand]:
        """Commands that have come since the last call, the oldest of each sink first."""
        return [command for guard in self._guards.values() for command in guard.take_commands()]

    def take_round_trips_ms(self) -> list[float]:
        """Milliseconds from capture through a broker and back, measured since the last call."""
        return [spent_ms for guard in self._guards.values() for spent_ms in guard.take_round_trips_ms()]


class Opener(Protocol):
    """Opens sources and sinks; each method raises LandmarksError when it cannot."""

    def source(self, settings: DaemonSettings, wait_for_camera: bool) -> FrameSource:
        """Where the frames come from."""
        ...

    def sink(self, address: str) -> Sink:
        """Where messages go."""
        ...


class Connections:
    """The one owner of the source and the sinks."""

    def __init__(self, opener: Opener, settings: DaemonSettings, scheme: str) -> None:
        """Open the sinks, then the source.

        Args:
            opener: opens them.
            settings: their addresses.
            scheme: of the landmarks.

        Raises:
            LandmarksError: one of them cannot be opened, or cannot use the scheme; nothing stays open.
        """
        self._opener, self._settings = opener, settings
        with ExitStack() as undo:
            self.outputs = Outputs(opener.sink, settings.sinks)
            undo.callback(self.outputs.close)
            self.outputs.check_scheme(scheme, settings.sinks)
            self.source = opener.source(settings, settings.camera.wait)
            if not self.source.live:
                self.outputs.wait_for_disks()
                self.outputs.follow(self.source.length, settings)
            undo.pop_all()

    def change(self, settings: DaemonSettings, scheme: str) -> None:
        """Open what other settings name and close what they no longer do; the rest stays open.

        Raises:
            LandmarksError: something cannot be opened, or a sink cannot use the scheme of the landmarks;
                everything is as it was before.
        """
        wanted = set(settings.sinks)
        with ExitStack() as undo:
            for address in (each for each in settings.sinks if each not in self.outputs.addresses):
                # Two sinks cannot have one port, file or client id: the one with old options is closed first.
                for old in self.outputs.addresses - wanted:
                    if _without_options(old) == _without_options(address):
                        self.outputs.close_one(old)
                        undo.callback(self.outputs.open, old)
                self.outputs.open(address)
                undo.callback(self.outputs.close_one, address)
            self.outputs.check_scheme(scheme, wanted)
            self._change_source(settings)
            if not self.source.live:
                self.outputs.wait_for_disks()
            undo.pop_all()
        for address in self.outputs.addresses - wanted:
            self.outputs.close_one(address)

    def _change_source(self, settings: DaemonSettings) -> None:
        before, self._settings = self._settings, settings
        if (settings.source, settings.camera) == (before.source, before.camera):
            return
        # Two cannot have the same camera, so the old one is closed first.
        self.source.close()
        try:
            self.source = self._opener.source(settings, True)
        except LandmarksError:
            self._settings, self.source = before, self._opener.source(before, True)
            raise

    def close(self) -> None:
        """Close the source and all sinks."""
        self.source.close()
        self.outputs.close()


def _without_options(address: str) -> str:
    return address.rpartition("?")[0] or address

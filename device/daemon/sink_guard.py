"""The supervisor of one sink: one sink's failure is one sink's.

Like the service does for the loop, and nowhere else, it catches every exception: one that a sink does not
handle itself is a fault of ours. It is logged once with its traceback, the sink is reported as lost and
tried again later, and the other sinks go on.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from device.contract.errors import BadInputError, WriteFailedError
from device.messages.commands import BadCommand, Command
from device.messages.messages import Message
from device.sinks import (
    BlockingSink,
    ChoosingSink,
    CommandSink,
    DiskSink,
    PictureSink,
    RoundTripSink,
    SchemeSink,
    Sink,
)
from device.sources.frame import Frame
from device.support.condition import Condition, State

log = logging.getLogger(__name__)

Result = TypeVar("Result")

RETRY_SECONDS = 10.0
"""A sink that has failed gets nothing for this long, then the next message."""


class SinkGuard:
    """One open sink with everything that it may be asked for; what it cannot do gives nothing."""

    def __init__(self, address: str, sink: Sink, clock: Callable[[], float] = time.monotonic) -> None:
        # What follows the scheme may name a user.
        self._name, self._clock = address.partition(":")[0], clock
        self._sink = sink
        # Asked once: a check against a protocol takes microseconds, and these are wanted at every frame.
        self._commands = sink if isinstance(sink, CommandSink) else None
        self._screen = sink if isinstance(sink, PictureSink) else None
        self._timer = sink if isinstance(sink, RoundTripSink) else None
        self._blocking = sink if isinstance(sink, BlockingSink) else None
        self._chooser = sink if isinstance(sink, ChoosingSink) else None
        self._fault: Condition | None = None
        self._retry_at = -float("inf")
        self._logged: set[tuple[str, int]] = set()

    def check_scheme(self, scheme: str) -> None:
        """Refuse a landmark scheme that the sink cannot use.

        Raises:
            BadInputError: it needs another one.
        """
        needed = self._sink.needed_scheme if isinstance(self._sink, SchemeSink) else scheme
        if needed != scheme:
            raise BadInputError(
                f"sink {self._name}: needs landmark scheme {needed}, the model has {scheme}; "
                "choose another model, or leave the sink out"
            )

    @property
    def wants_frame_line(self) -> bool:
        """Whether the line of a frame is read now."""
        if self._is_resting:
            return False
        return self._chooser is None or bool(
            self._guarded(lambda chooser: chooser.wants_frame_lines, self._chooser)
        )

    @property
    def condition(self) -> Condition:
        """The sink's own condition; lost from a fault until a message has gone through again."""
        own = self._guarded(lambda sink: sink.condition, self._sink)
        return self._fault or own or Condition()

    def publish(self, message: Message, line: bytes) -> None:
        """Publish one message, unless the sink has just failed.

        Raises:
            OSError: the reader of a sink that the daemon waits for has gone, or its disk is full.
            WriteFailedError: the disk of such a sink is full or gone.
        """
        if not self._is_resting:
            self._guarded(self._publish, message, line)

    def _publish(self, message: Message, line: bytes) -> None:
        self._sink.publish(message, line)
        self._fault = None

    def show(self, frame: Frame) -> None:
        """Show a frame where it can be shown."""
        if self._screen is not None and not self._is_resting:
            self._guarded(self._screen.show, frame)

    def take_commands(self) -> list[Command | BadCommand]:
        """Commands that have come since the last call, oldest first."""
        if self._commands is None or self._is_resting:
            return []
        return self._guarded(self._commands.take_commands) or []

    def take_round_trips_ms(self) -> list[float]:
        """Milliseconds from capture through the broker and back, measured since the last call."""
        if self._timer is None or self._is_resting:
            return []
        return self._guarded(self._timer.take_round_trips_ms) or []

    def wait_for_disk(self) -> None:
        """Let a sink that writes to a disk drop nothing."""
        if isinstance(self._sink, DiskSink):
            self._sink.wait_for_disk()

    def stop_waiting(self) -> None:
        """Let the sink not hold up the end; may be called from a signal handler."""
        if self._blocking is not None:
            self._blocking.stop_waiting()

    def close(self) -> None:
        """Close the sink."""
        self._guarded(lambda sink: sink.close(), self._sink)

    @property
    def _is_resting(self) -> bool:
        return self._fault is not None and self._clock() < self._retry_at

    def _guarded(self, call: Callable[..., Result], *arguments: Any) -> Result | None:
        """The call's result; None where it raised an error, which is noted."""
        try:
            return call(*arguments)
        except Exception as error:
            # The end of standard output, or of the disk that is waited for, is the end of the daemon.
            if isinstance(error, OSError | WriteFailedError) and self._blocking is not None:
                raise
            self._note_fault(error)
            return None

    def _note_fault(self, error: Exception) -> None:
        self._retry_at = self._clock() + RETRY_SECONDS
        reason = f"sink {self._name}: {type(error).__name__}: {error}; trying again in {RETRY_SECONDS:g} s"
        self._fault = Condition(State.LOST, reason)
        place = _place_of(error)
        if place not in self._logged:
            self._logged.add(place)
            log.error("a fault of ours; the other sinks go on: %s", reason, exc_info=error)


def _place_of(error: Exception) -> tuple[str, int]:
    """File and line where an error was raised."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return ("", 0) if traceback is None else (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)

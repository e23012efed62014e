"""Progress through files, for people: a bar on a terminal, and a summary at the end."""

import logging
import sys
import time
from collections.abc import Callable, Iterable

from device.messages.events import ErrorMessage
from device.messages.frame import FrameMessage
from device.messages.messages import Message
from device.support.condition import Condition

log = logging.getLogger(__name__)

REASONS = 10
"""Frames that could not be read of which people are told why; further ones are only counted."""


def has_room_for_bar(sinks: Iterable[str]) -> bool:
    """Whether a bar on standard error would not be torn by messages on the same terminal."""
    return sys.stderr.isatty() and not ("stdout:" in sinks and sys.stdout.isatty())


class Progress:
    """A sink that counts; everything it says goes to standard error."""

    condition = Condition()
    wants_frame_lines = False

    def __init__(self, total: int | None, bar: bool, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin.

        Args:
            total: number of frames, if it is known.
            bar: whether a bar is shown.
            clock: seconds.
        """
        # A camera's daemon needs none of it.
        from tqdm import tqdm

        self._clock, self._begun = clock, clock()
        self._frames = self._with_face = self._faces = self._unreadable = 0
        self._bar = tqdm(total=total, unit="frame", disable=not bar, dynamic_ncols=True, leave=False)

    def publish(self, message: Message, line: bytes) -> None:  # noqa: ARG002 - nothing is written
        """Count a frame and its faces, or a frame that could not be read."""
        if isinstance(message, FrameMessage):
            self._frames += 1
            self._faces += len(message.faces)
            self._with_face += bool(message.faces)
        elif isinstance(message, ErrorMessage):
            self._unreadable += 1
            self._explain(message)
        else:
            return
        self._bar.set_postfix(faces=self._faces, refresh=False)
        self._bar.update()

    def _explain(self, message: ErrorMessage) -> None:
        """Say why a frame could not be read: most sinks have no place for it."""
        if self._unreadable <= REASONS:
            self._bar.clear()
            log.warning("%s", _printable(message.reason))
        if self._unreadable == REASONS:
            log.warning("further frames that cannot be read are counted, and not named here")

    def close(self) -> None:
        """Take the bar away and say what was done."""
        self._bar.close()
        log.info("%s", self.summary(self._clock() - self._begun))

    def summary(self, seconds: float) -> str:
        """What was done in so many seconds, in one line."""
        rate = f", {self._frames / seconds:.1f} a second" if seconds > 0 else ""
        unread = f", {self._unreadable} could not be read" if self._unreadable else ""
        frames, faces = _counted(self._frames, "frame"), _counted(self._faces, "face")
        return f"{frames}, {self._with_face} with a face, {faces} in all{unread}; {seconds:.1f} s{rate}"


def _printable(text: str) -> str:
    """A text with names of files in it, whatever these hold, as one line that a terminal takes for text."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

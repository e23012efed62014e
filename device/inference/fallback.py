"""Run a part on an accelerator, and on the CPU whenever the accelerator fails.

The CPU's copy is always loaded, so falling back takes no time. A background thread opens the accelerator
again, with growing pauses.
"""

import logging
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Generic, Protocol, TypeVar, runtime_checkable

from device.contract.errors import BadInputError
from device.inference.remote import AcceleratorError
from device.support.backoff import BackOff
from device.support.condition import OK, Condition, State

log = logging.getLogger(__name__)

FIRST_BACK_OFF_SECONDS = 0.5
"""Before the first attempt to open the accelerator again; doubles with each failure."""

LAST_BACK_OFF_SECONDS = 30.0
"""The longest pause: an attempt starts a process and loads a library."""

RELIABLE_SECONDS = 10.0
"""After working this long an accelerator counts as reliable: the next pause is the first one again."""

Part = TypeVar("Part")


@runtime_checkable
class Closable(Protocol):
    """A part that holds a process of its own."""

    def close(self) -> None:
        """End that process."""
        ...


class Monitored(Closable, Protocol):
    """A part that reports its condition and must be closed."""

    @property
    def condition(self) -> Condition:
        """How it is doing."""
        ...


class WithFallback(Generic[Part]):
    """Two copies of one part: on the accelerator while that works, else on the CPU."""

    def __init__(
        self,
        name: str,
        cpu: Part,
        open_accelerated: Callable[[], Part] | None = None,
        why_not: Condition = OK,
    ) -> None:
        """Open the accelerator at once, so that the first frame already runs on it.

        Args:
            name: of the part, for the log.
            cpu: the part on the CPU.
            open_accelerated: raises AcceleratorError or BadInputError; None: use no accelerator.
            why_not: the condition to report while no accelerator is used.
        """
        self.condition = why_not
        self.active = cpu
        self._name, self._cpu, self._open = name, cpu, open_accelerated
        self._ready: Part | None = None
        self._closed = Event()
        self._back_off = BackOff(FIRST_BACK_OFF_SECONDS, LAST_BACK_OFF_SECONDS, RELIABLE_SECONDS)
        self._since = time.monotonic()
        if open_accelerated is not None:
            try:
                self._use(open_accelerated())
            except (AcceleratorError, BadInputError) as error:
                self.fall_back(str(error))

    def take(self) -> Part:
        """The part to use for the next piece of work; the accelerator's as soon as it is open again."""
        if self._ready is not None:
            self._use(self._ready)
            self._ready = None
        return self.active

    def _use(self, accelerated: Part) -> None:
        self.active, self._since = accelerated, time.monotonic()
        self.condition = OK
        log.info("%s runs on the accelerator", self._name)

    def fall_back(self, reason: str) -> Part:
        """Switch to the CPU, report why, and reopen the accelerator in the background."""
        lasted = time.monotonic() - self._since if self.active is not self._cpu else None
        pause = self._back_off.failed(lasted)
        self.active = self._cpu
        self.condition = Condition(State.DEGRADED, f"on the CPU: {reason}")
        log.warning("%s runs on the CPU: %s", self._name, reason)
        Thread(target=self._reopen, args=(pause,), name="reopen accelerator", daemon=True).start()
        return self._cpu

    def _reopen(self, pause: float) -> None:
        """Try until it works or this object is closed; runs in a thread of its own."""
        assert self._open is not None
        while not self._closed.wait(pause):
            try:
                accelerated = self._open()
            except (AcceleratorError, BadInputError) as error:
                pause = self._back_off.failed()
                log.debug("the accelerator still fails: %s", error)
            else:
                self._ready = accelerated
                return

    def close(self) -> None:
        """Stop trying, and end the accelerator's process."""
        self._closed.set()
        for part in (self.active, self._ready):
            if part is not self._cpu and isinstance(part, Closable):
                part.close()

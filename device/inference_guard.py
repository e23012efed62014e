"""The network on an accelerator while that works, on the CPU while it does not.

The CPU's copy of the pair is always loaded, so that falling back takes no time. The accelerator is opened
again by a thread of its own, with pauses.
"""

import logging
import time
from collections.abc import Callable
from threading import Event, Thread

from device.contract.errors import BadInputError
from device.contract.manifest import ModelManifest
from device.crop import Image
from device.events import Condition, State
from device.inference import Decoded, LandmarkNetwork
from device.parts import WELL
from device.remote import AcceleratorError
from device.sight import Network

log = logging.getLogger(__name__)

FIRST_BACK_OFF_SECONDS = 0.5
"""Before the first attempt to have the accelerator again; doubles with each failure."""

LAST_BACK_OFF_SECONDS = 30.0
"""The longest pause: an attempt starts a process and loads a library."""

WELL_SECONDS = 10.0
"""An accelerator that worked so long counts as well: the next pause is short again."""

OpenAccelerator = Callable[[], LandmarkNetwork]
"""Opens the network on the accelerator; raises AcceleratorError or BadInputError."""


class GuardedNetwork:
    """A landmark network that never fails because of its accelerator."""

    def __init__(
        self, cpu: Network, open_accelerator: OpenAccelerator | None = None, why_not: Condition = WELL
    ) -> None:
        """Try the accelerator at once, so that the first frame already has it.

        Args:
            cpu: the model on the CPU.
            open_accelerator: None when none is to be used.
            why_not: the condition while none is used.
        """
        self.condition = why_not
        self._cpu = self._active = cpu
        self._open = open_accelerator
        self._ready: LandmarkNetwork | None = None
        self._closed = Event()
        self._failures, self._since = 0, time.monotonic()
        if open_accelerator is not None:
            try:
                self._use(open_accelerator())
            except (AcceleratorError, BadInputError) as error:
                self._fall_back(str(error))

    @property
    def manifest(self) -> ModelManifest:
        """Of the model that runs now."""
        return self._active.manifest

    def infer(self, crop: Image) -> None:
        """Run on a crop; on the CPU if the accelerator fails in the middle of it."""
        if self._ready is not None:
            self._use(self._ready)
            self._ready = None
        try:
            self._active.infer(crop)
        except AcceleratorError as error:
            self._fall_back(str(error))
            self._active.infer(crop)

    def decode(self) -> Decoded:
        """Read the result."""
        return self._active.decode()

    def _use(self, accelerator: LandmarkNetwork) -> None:
        self._active, self._since = accelerator, time.monotonic()
        self.condition = WELL
        log.info("model %s runs on the accelerator", accelerator.manifest.identity)

    def _fall_back(self, reason: str) -> None:
        """Go on without the accelerator, say so, and have it opened again in the background."""
        lasted = time.monotonic() - self._since if self._active is not self._cpu else 0.0
        self._failures = 1 if lasted >= WELL_SECONDS else self._failures + 1
        self._active = self._cpu
        self.condition = Condition(State.DEGRADED, f"on the CPU: {reason}")
        log.warning("model %s runs on the CPU: %s", self._cpu.manifest.identity, reason)
        Thread(target=self._reopen, name="reopen accelerator", daemon=True).start()

    def _reopen(self) -> None:
        """Try again and again until it works; in a thread of its own."""
        assert self._open is not None
        while not self._closed.wait(_pause_seconds(self._failures)):
            try:
                accelerator = self._open()
            except (AcceleratorError, BadInputError) as error:
                self._failures += 1
                log.debug("the accelerator still fails: %s", error)
            else:
                self._ready = accelerator
                return

    def close(self) -> None:
        """Stop trying, and end the accelerator's process."""
        self._closed.set()
        for network in (self._active, self._ready):
            if isinstance(network, LandmarkNetwork) and network is not self._cpu:
                network.close()


def _pause_seconds(failures: int) -> float:
    return min(FIRST_BACK_OFF_SECONDS * 2.0 ** min(failures - 1, 16), LAST_BACK_OFF_SECONDS)

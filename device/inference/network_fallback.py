"""The network on an accelerator while that works, on the CPU while it does not."""

from collections.abc import Callable

from device.contract.manifest import ModelManifest
from device.daemon.parts import WELL
from device.inference.fallback import Accelerated
from device.inference.network import Decoded, LandmarkNetwork
from device.inference.remote import AcceleratorError
from device.messages.messages import Condition
from device.tracking.crop import Image
from device.tracking.observation import Network

OpenAccelerator = Callable[[], LandmarkNetwork]
"""Opens the network on the accelerator; raises AcceleratorError or BadInputError."""


class GuardedNetwork:
    """A landmark network that never fails because of its accelerator."""

    def __init__(
        self, cpu: Network, open_accelerator: OpenAccelerator | None = None, why_not: Condition = WELL
    ) -> None:
        """Try the accelerator at once.

        Args:
            cpu: the model on the CPU.
            open_accelerator: None when none is to be used.
            why_not: the condition while none is used.
        """
        name = f"model {cpu.manifest.identity}"
        self._network: Accelerated[Network] = Accelerated(name, cpu, open_accelerator, why_not)

    @property
    def condition(self) -> Condition:
        """Whether the accelerator that was asked for is used, and if not why."""
        return self._network.condition

    @property
    def manifest(self) -> ModelManifest:
        """Of the model that runs now."""
        return self._network.active.manifest

    def infer(self, crop: Image) -> None:
        """Run on a crop; on the CPU if the accelerator fails in the middle of it."""
        try:
            self._network.take().infer(crop)
        except AcceleratorError as error:
            self._network.fall_back(str(error)).infer(crop)

    def decode(self) -> Decoded:
        """Read the result."""
        return self._network.active.decode()

    def close(self) -> None:
        """Stop trying, and end the accelerator's process."""
        self._network.close()

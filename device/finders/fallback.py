"""A finder on an accelerator, with the shipped one on the CPU as fallback."""

from collections.abc import Callable

from device.contract.geometry import Image
from device.finders.finder import Finder, FoundFace
from device.inference.fallback import WithFallback
from device.inference.remote import AcceleratorError
from device.support.condition import Condition


class GuardedFinder:
    """A finder that works on when its accelerator fails."""

    def __init__(self, name: str, cpu: Finder, open_accelerated: Callable[[], Finder]) -> None:
        """Open the accelerator at once.

        Args:
            name: of the finder, for the log.
            cpu: the fallback.
            open_accelerated: raises AcceleratorError or BadInputError.
        """
        self._finder: WithFallback[Finder] = WithFallback(name, cpu, open_accelerated)

    @property
    def condition(self) -> Condition:
        """Whether the accelerator is used, and if not why."""
        return self._finder.condition

    def find(self, image: Image) -> list[FoundFace]:
        """Faces of a frame, best first; by the fallback if the accelerator fails during the run."""
        try:
            return self._finder.take().find(image)
        except AcceleratorError as error:
            return self._finder.fall_back(str(error)).find(image)

    def close(self) -> None:
        """Stop trying, and end the accelerator's process."""
        self._finder.close()

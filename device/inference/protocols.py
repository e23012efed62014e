"""What the rest of the device needs of the landmark network, and of the engine that runs it."""

from collections.abc import Sequence
from typing import Protocol

from device.contract.geometry import Image
from device.contract.manifest import ModelManifest
from device.inference.network import Decoded, Draw
from device.support.condition import Condition


class Network(Protocol):
    """A landmark network: one crop in, its landmarks out."""

    @property
    def manifest(self) -> ModelManifest:
        """Of the model in use; it may change between two frames."""
        ...

    def side_by_side(self, most: int) -> Sequence["Network"]:
        """Networks of the same model for as many threads, this one first: at least it, at most so many."""
        ...

    def infer(self, crop: Image) -> None:
        """Run on a crop of the manifest's size."""
        ...

    def infer_drawn(self, draw: Draw) -> None:
        """Run on a crop that `draw` draws, perhaps more than once, straight into the network's input."""
        ...

    def decode(self) -> Decoded:
        """The result of the last run."""
        ...


class Engine(Protocol):
    """What the daemon's loop asks of whatever runs the network."""

    @property
    def identity(self) -> str:
        """NAME@sha8 of the model in use."""
        ...

    @property
    def inference(self) -> Condition:
        """Condition of the interpreter and its accelerator."""
        ...

    @property
    def model(self) -> Condition:
        """Condition of the model file."""
        ...

    @property
    def rate_fps(self) -> float | None:
        """The most frames a second it can take; None for no limit."""
        ...

    def note_latency(self, latency_ms: float) -> None:
        """Record one message's latency; when it is too long, do with less."""
        ...

    def close(self) -> None:
        """Let go of the accelerator."""
        ...

    def choose(self, name: str) -> None:
        """Change to another shipped model.

        Raises:
            LandmarksError: there is none of that name, or it cannot be loaded.
        """
        ...

"""How a run is computed, apart from what it computes: precision, compilation, storage."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import nn

from device.contract.errors import BadInputError

Network = TypeVar("Network", bound=nn.Module)

PRECISIONS = {"bf16": torch.bfloat16, "float32": torch.float32}
"""Of forward passes and losses; weights, their average and the optimiser stay float32."""


@dataclass(frozen=True)
class EngineSettings:
    """The [engine] table of a run file."""

    precision: str = "bf16"
    """One of PRECISIONS."""
    compile: bool = False
    """torch.compile the network: pays on a GPU after some thousand steps, seldom on a CPU."""
    half: bool = False
    """Store network.pt in half precision: a frozen teacher only has to be right, not to be trained on."""

    def __post_init__(self) -> None:
        """Check.

        Raises:
            BadInputError: an unknown precision.
        """
        if self.precision not in PRECISIONS:
            raise BadInputError(f"[engine] precision is {self.precision!r}, known: {', '.join(PRECISIONS)}")


DEFAULT = EngineSettings()
"""For run files without the table."""


def engine_of(settings: object) -> EngineSettings:
    """A run file's engine, or the default where its kind has none."""
    engine = getattr(settings, "engine", DEFAULT)
    return engine if isinstance(engine, EngineSettings) else DEFAULT


@contextmanager
def precision_of(engine: EngineSettings, device: torch.device) -> Iterator[None]:
    """Autocast to the engine's precision."""
    chosen = PRECISIONS[engine.precision]
    with torch.autocast(device.type, torch.bfloat16, enabled=chosen is torch.bfloat16):
        yield


def placed(model: Network, device: torch.device) -> Network:
    """The same module on the device, its weights' channels last."""
    return model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack memory_format


def compiled(model: nn.Module, engine: EngineSettings) -> nn.Module:
    """The same module, its parts compiled in place where the engine wants it: its weights keep their names.

    Its parts and not the whole, whose forward tasks go round when they want more than its last output.
    """
    if engine.compile:
        for part in model.children():
            part.compile()
    return model

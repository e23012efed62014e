"""How a run is computed, apart from what it computes: precision, compilation, storage."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from device.contract.errors import BadInputError

Network = TypeVar("Network", bound=nn.Module)

PRECISIONS = ("auto", "bf16", "float32")
"""Of forward passes and losses; weights, their average and the optimiser stay float32."""

BF16_FLAGS = ("amx_bf16", "avx512_bf16", "bf16")
"""Features in /proc/cpuinfo with which a CPU multiplies bfloat16 itself; the last one is Arm's name."""


@dataclass(frozen=True)
class EngineSettings:
    """The [engine] table of a run file."""

    precision: str = "auto"
    """bf16, float32, or auto: bf16 where the hardware has it."""
    compile: bool = False
    """torch.compile the network: pays on a GPU after some thousand steps, seldom on a CPU."""
    fake_int8: bool = False
    """Round what layers read as int8 will (training/engine/fake_int8.py): for a run that goes on from a
    finished one whose int8 file costs too much."""
    half: bool = False
    """Store network.pt in half precision: a frozen teacher only has to be right, not to be trained on."""

    def __post_init__(self) -> None:
        """Check.

        Raises:
            BadInputError: an unknown precision.
        """
        if self.precision not in PRECISIONS:
            raise BadInputError(f"[engine] precision is {self.precision!r}, known: {', '.join(PRECISIONS)}")


@dataclass(frozen=True)
class Precision:
    """The precision that a run computes in."""

    name: str
    """bf16 or float32."""
    reason: str
    """Why, for people."""


def cpu_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """Features of this machine's first processor; empty where the system does not list them."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        return frozenset()
    listed = (line.partition(":")[2] for line in lines if line.lower().startswith(("flags", "features")))
    return frozenset(next(listed, "").split())


def choose_precision(wanted: str, device: torch.device, flags: frozenset[str] | None = None) -> Precision:
    """What `[engine] precision` comes to on a device.

    bfloat16 without hardware for it is emulated: on an AVX2 processor `base` trains 6 times slower in it,
    a depthwise network 50 times. With AVX512-BF16 a dense network learns 1.6 times as fast in it as in
    float32, depthwise ones 1.2 to 1.6 times, see `DepthwiseInFloat32`.

    Args:
        wanted: one of PRECISIONS.
        device: that trains.
        flags: the processor's features; None: this machine's.
    """
    if wanted != "auto":
        return Precision(wanted, "the run file says so")
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        what = f"the GPU has {'' if native else 'no '}bfloat16"
        return Precision("bf16" if native else "float32", what)
    known = cpu_flags() if flags is None else flags
    found = next((flag for flag in BF16_FLAGS if flag in known), None)
    if found is None:
        return Precision("float32", "this processor has no bfloat16 (AMX or AVX512-BF16)")
    return Precision("bf16", f"this processor has {found}")


def is_slow_in_bf16(  # conv2d's own arguments
    weight: torch.Tensor,
    _bias: Any = None,
    stride: Any = 1,
    _padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> bool:
    """Whether a convolution is depthwise, and neither 3x3 nor at stride 1."""
    quick = weight.shape[2:] == (3, 3) and {stride, dilation} <= {1, (1, 1)}
    return groups > 1 and weight.shape[1] == 1 and not quick


class DepthwiseInFloat32(TorchFunctionMode):
    """Most depthwise convolutions stay float32 under bfloat16 autocast on a CPU.

    PyTorch's backward pass of a bfloat16 depthwise convolution takes 3 to 40 times as long there as the
    float32 one, but for 3x3 at stride 1, where it takes half. Left out of autocast, a MobileViT-v2 learns 1.6
    times as fast as in float32 throughout, an EfficientNet-Lite0 and a MobileNetV2 1.2 times (one core of an
    AMD EPYC with AVX512-BF16).
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        _types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call any function of torch, a slow convolution outside autocast."""
        if func is functional.conv2d and is_slow_in_bf16(*args[1:]):
            with torch.autocast("cpu", enabled=False):
                return func(args[0].float(), *args[1:])
        return func(*args, **(kwargs or {}))


@contextmanager
def autocast(precision: Precision, device: torch.device) -> Iterator[None]:
    """Compute in this precision where it does no harm."""
    lowered = precision.name == "bf16"
    kept = DepthwiseInFloat32() if lowered and device.type == "cpu" else nullcontext()
    with torch.autocast(device.type, torch.bfloat16, enabled=lowered), kept:
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

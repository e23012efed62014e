"""What the landmark network runs on, and how long a message may take."""

from dataclasses import dataclass
from typing import Annotated, Literal

from device.config.values import Within

EDGETPU_LIBRARY = "libedgetpu.so.1"
"""The library of the Edge TPU's delegate, by name."""

OPEN_SECONDS, RUN_SECONDS = 10.0, 0.5
"""How long an accelerator may take to load a model, and to run it once, unless the settings say otherwise."""


@dataclass(frozen=True)
class InferenceSettings:
    """What the landmark network runs on."""

    threads: Annotated[int, Within(1, 64)] = 1
    """Of the interpreter. More are seldom faster for networks this small, and always warmer. Several faces
    are looked at at once in any case, each on a core of its own."""
    accelerator: Literal["auto", "cpu", "edgetpu"] = "auto"
    """auto: an Edge TPU where one is plugged in, else the CPU; edgetpu: always tried, and its absence
    reported in the status; cpu: never."""
    delegate: str = EDGETPU_LIBRARY
    """Library of the Edge TPU's delegate, by name or by path."""
    open_seconds: Annotated[float, Within(0.1, 60)] = OPEN_SECONDS
    """How long the accelerator may take to load the model."""
    run_seconds: Annotated[float, Within(0.01, 10)] = RUN_SECONDS
    """How long it may take for one face, before the CPU takes over."""


@dataclass(frozen=True)
class BudgetSettings:
    """How long a message may take, and when a step is taken back."""

    latency_ms: Annotated[float, Within(0, 10_000)] = 100.0
    """Median latency, capture to message, above which the device does with less: a smaller model, then a
    lower rate. 0: never."""
    resume_share: Annotated[float, Within(0.1, 1)] = 0.6
    """Share of it below which a step is taken back ..."""
    resume_seconds: Annotated[float, Within(1, 600)] = 20.0
    """... after so long; twice as long each time that the step up turns out to have been too early."""

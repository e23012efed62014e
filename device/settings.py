"""What the daemon is told: one frozen dataclass a subsystem, filled by file, environment and flags."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Annotated, Any, Literal

from device.config.load import load_settings
from device.config.values import Within
from device.contract.errors import UsageError
from device.finders.open import DEFAULT_FINDER
from device.inference.budget import BudgetSettings
from device.inference.remote import EDGETPU_LIBRARY, OPEN_SECONDS, RUN_SECONDS
from device.signal.settings import SignalSettings
from device.sources.live import CameraSettings
from device.tracking.tracker import TrackerSettings

MODELS = Path(__file__).parent / "models"
"""Shipped models: one folder a size, each with student.tflite and student.json."""

DEFAULT_MODEL = "small"


def shipped_models() -> list[str]:
    """Names of the models in the package."""
    return sorted(path.parent.name for path in MODELS.glob("*/student.tflite"))


def find_model(name_or_path: str) -> Path:
    """A shipped model by name, or any .tflite file by path.

    Raises:
        UsageError: neither a shipped name nor a path to a .tflite.
    """
    if name_or_path in shipped_models():
        return MODELS / name_or_path / "student.tflite"
    path = Path(name_or_path).expanduser()
    if path.suffix == ".tflite":
        return path
    known = ", ".join(shipped_models()) or "none"
    raise UsageError(f"model {name_or_path!r} is neither a shipped one ({known}) nor a .tflite file")


@dataclass(frozen=True)
class InferenceSettings:
    """What the landmark network runs on."""

    threads: Annotated[int, Within(1, 64)] = 1
    """Of the interpreter. More are seldom faster for networks this small, and always warmer."""
    accelerator: Literal["auto", "cpu", "edgetpu"] = "auto"
    """auto: an Edge TPU where one is plugged in, else the CPU; edgetpu: always tried, and its lack told in
    the status; cpu: never."""
    delegate: str = EDGETPU_LIBRARY
    """Library of the Edge TPU's delegate, by name or by path."""
    open_seconds: Annotated[float, Within(0.1, 60)] = OPEN_SECONDS
    """How long the accelerator may take to load the model."""
    run_seconds: Annotated[float, Within(0.01, 10)] = RUN_SECONDS
    """How long it may take for one face, before the CPU takes over."""


@dataclass(frozen=True)
class DaemonSettings:
    """One run of the daemon. A field that is a dataclass is a table of the settings file."""

    source: str = "demo:"
    """Address of the frames."""
    sinks: tuple[str, ...] = ("stdout:",)
    """Addresses of the message sinks."""
    finder: str = DEFAULT_FINDER
    """Address of the face finder."""
    model: str = DEFAULT_MODEL
    """A shipped model's name or a .tflite file."""
    follow: bool = False
    """Whether pictures of a folder are frames of one scene; other sources always are."""
    frames: Annotated[int, Within(1, inf)] | None = None
    """Frames after which the daemon ends; left out: when the source does."""
    health_seconds: Annotated[float, Within(0.1, 3600)] = 10.0
    """Between health messages."""
    camera: CameraSettings = field(default_factory=CameraSettings)
    """How a camera is waited for."""
    budget: BudgetSettings = field(default_factory=BudgetSettings)
    """What a message may take, and what is done when it takes longer."""
    inference: InferenceSettings = field(default_factory=InferenceSettings)
    """What the landmark network runs on."""
    signal: SignalSettings = field(default_factory=SignalSettings)
    """What is said of a face beyond its landmarks, and how steadily."""
    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    """When a face begins and ends, and which face is which."""


def settings_of(config: Path | None, flags: Mapping[str, Any]) -> DaemonSettings:
    """Defaults, below a settings file, below the secrets of the environment, below flags.

    Args:
        config: the settings file, if any.
        flags: nested values of the command line.

    Raises:
        BadInputError: the file cannot be read or has a mistake; the first is told, with its line.
        UsageError: a flag is wrong.
    """
    return load_settings(DaemonSettings, config, flags)

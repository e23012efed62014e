"""All settings of the daemon: a frozen dataclass a subsystem, filled by file, environment and flags."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Annotated, Any

from device.config.load import load_settings
from device.config.values import NoSecrets, Understood, Within
from device.finders.settings import DEFAULT_FINDER, parse_finder
from device.inference.models import AUTO_MODEL, find_model
from device.inference.settings import BudgetSettings, InferenceSettings
from device.signal.settings import SignalSettings
from device.sources.settings import CameraSettings
from device.tracking.settings import TrackerSettings


def _check_source(address: str) -> None:
    # The registries load numpy: only where there is an address to be read.
    from device.sources.open import parse_source

    parse_source(address)


def _check_sink(address: str) -> None:
    from device.sinks import SINKS

    SINKS.parse(address)


@dataclass(frozen=True)
class DaemonSettings:
    """One run of the daemon. A field that is a dataclass is a table of the settings file."""

    source: Annotated[
        str,
        NoSecrets("set LANDMARKS_SOURCE_USER and LANDMARKS_SOURCE_PASSWORD"),
        Understood(_check_source),
    ] = "demo:"
    """Address of the frames."""
    sinks: Annotated[tuple[str, ...], NoSecrets("set LANDMARKS_MQTT_PASSWORD"), Understood(_check_sink)] = (
        "stdout:",
    )
    """Addresses of the message sinks."""
    finder: Annotated[str, Understood(parse_finder)] = DEFAULT_FINDER
    """Address of the face finder."""
    model: Annotated[str, Understood(find_model)] = AUTO_MODEL
    """A shipped model's name, a .tflite file, or auto: `small`, but `swift` on a processor without int8 dot
    products, such as a Raspberry Pi 4's."""
    follow: bool = False
    """Whether pictures of a folder are frames of one scene; other sources always are."""
    frames: Annotated[int, Within(1, inf)] | None = None
    """Frames after which the daemon ends; left out: when the source does."""
    health_seconds: Annotated[float, Within(0.1, 3600)] = 10.0
    """Between health messages."""
    camera: CameraSettings = field(default_factory=CameraSettings)
    """How a camera is waited for."""
    budget: BudgetSettings = field(default_factory=BudgetSettings)
    """How long a message may take, and when a step is taken back."""
    inference: InferenceSettings = field(default_factory=InferenceSettings)
    """What the landmark network runs on."""
    signal: SignalSettings = field(default_factory=SignalSettings)
    """What is reported of a face beyond its landmarks, and how strongly it is smoothed."""
    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    """When a face begins and ends, and which face is which."""


def settings_of(config: Path | None, flags: Mapping[str, Any]) -> DaemonSettings:
    """Defaults, below a settings file, below the secrets of the environment, below flags.

    Args:
        config: the settings file, if any.
        flags: nested values of the command line.

    Raises:
        BadInputError: the file cannot be read or has a mistake; the message names the first, with its line.
        UsageError: a flag is wrong.
    """
    return load_settings(DaemonSettings, config, flags)

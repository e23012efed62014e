"""The address of a recorded stream. `device.daemon.replay` plays it: it gives messages, not frames."""

from dataclasses import dataclass
from typing import Annotated, Literal, NoReturn

from device.config.address import Address, Scheme
from device.config.values import Parsed
from device.contract.errors import UsageError
from device.sources.settings import CameraSettings

MIN_SPEED, MAX_SPEED = 0.1, 10.0


def _read_speed(text: str) -> float | None:
    if text == "fast":
        return None
    speed = float(text)
    if not MIN_SPEED <= speed <= MAX_SPEED:
        raise ValueError(text)
    return speed


@dataclass(frozen=True)
class ReplayOptions:
    """Options of `replay:`."""

    speed: Annotated[float | None, Parsed(f"{MIN_SPEED:g} to {MAX_SPEED:g}, or fast", _read_speed)] = 1.0
    """Times the recorded speed; fast: as fast as the sinks take it."""
    repeat: bool = False
    """Whether it begins again at its end."""
    clock: Literal["recorded", "now"] = "recorded"
    """recorded: times as they stand; now: moved to the moment of sending, latency kept."""


def open_replay(_: Address[ReplayOptions], __: CameraSettings) -> NoReturn:
    """Refuse: only `run` plays a recording, and only from its start.

    Raises:
        UsageError: always.
    """
    raise UsageError("source replay: gives no frames; start `run` with it, a running daemon cannot take it")


SCHEME = Scheme(
    "replay:FILE",
    "a recorded stream, plain or gzipped, sent to the sinks again",
    ReplayOptions,
    open_replay,
    is_path=True,
)

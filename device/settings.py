"""What the daemon is told, filled from the command line."""

from dataclasses import dataclass, field
from pathlib import Path

from device.contract.errors import UsageError
from device.finder import DEFAULT_FINDER
from device.tracker import TrackerSettings

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
class DaemonSettings:
    """One run of the daemon."""

    source: str = "demo:"
    """Address of the frames."""
    sinks: tuple[str, ...] = ("stdout:",)
    """Addresses of the message sinks."""
    finder: str = DEFAULT_FINDER
    """Address of the face finder."""
    model: str = DEFAULT_MODEL
    """A shipped model's name or a .tflite file."""
    threads: int = 1
    """Of the interpreter."""
    follow: bool = False
    """Whether pictures of a folder are frames of one scene; other sources always are."""
    frames: int | None = None
    """Frames after which the daemon ends; None: when the source does."""
    health_seconds: float = 10.0
    """Between health messages."""
    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    """When a face begins and ends."""

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            UsageError: one is out of its range.
        """
        if not 1 <= self.threads <= 64:
            raise UsageError(f"--threads got {self.threads}, wanted 1 to 64")
        if self.frames is not None and self.frames < 1:
            raise UsageError(f"--frames got {self.frames}, wanted 1 or more")

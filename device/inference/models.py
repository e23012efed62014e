"""The shipped landmark models, and how one is named."""

from pathlib import Path

from device.contract.errors import UsageError

MODELS = Path(__file__).parents[1] / "models"
"""Shipped models: one folder a size, each with student.tflite and student.json."""

DEFAULT_MODEL = "small"

OPEN_MODEL = "open-small"
"""Free for any use, where it is shipped (LICENCES.md)."""


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

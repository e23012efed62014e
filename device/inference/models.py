"""The shipped landmark models, and how one is named."""

from pathlib import Path

from device.contract.errors import UsageError
from device.support.processor import Processor, read_processor

MODELS = Path(__file__).parents[1] / "models"
"""Shipped models: one folder a size, each with student.tflite and student.json."""

ACCURATE_MODEL, SWIFT_MODEL = "small", "swift"

AUTO_MODEL = "auto"
"""The default: ACCURATE_MODEL or SWIFT_MODEL, as the processor is."""

OPEN_MODEL = "open-small"
"""Free for any use, where it is shipped (LICENCES.md)."""


def shipped_models() -> list[str]:
    """Names of the models in the package."""
    return sorted(path.parent.name for path in MODELS.glob("*/student.tflite"))


def suited_model(processor: Processor, *, accelerated: bool = False) -> str:
    """The model that is used where none is named.

    Without int8 dot products a multiplication costs some three times as much, and the number of them is what
    the network with fewer saves; with them, or on an accelerator, the more accurate one is fast enough.
    """
    return ACCURATE_MODEL if accelerated or processor.dot_products else SWIFT_MODEL


def resolved_name(name_or_path: str, *, accelerated: bool = False) -> str:
    """The same, but for AUTO_MODEL the name of the model that suits this machine."""
    if name_or_path != AUTO_MODEL:
        return name_or_path
    return suited_model(read_processor(), accelerated=accelerated)


def find_model(name_or_path: str) -> Path:
    """A shipped model by name, AUTO_MODEL for the one that suits this processor, or any .tflite file by path.

    Raises:
        UsageError: neither a shipped name nor a path to a .tflite.
    """
    name_or_path = resolved_name(name_or_path)
    if name_or_path in shipped_models():
        return MODELS / name_or_path / "student.tflite"
    path = Path(name_or_path).expanduser()
    if path.suffix == ".tflite":
        return path
    known = ", ".join(shipped_models()) or "none"
    raise UsageError(
        f"model {name_or_path!r} is neither a shipped one ({known}), nor {AUTO_MODEL}, nor a .tflite file"
    )

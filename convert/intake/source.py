"""What a user gives: an ONNX file, a float .tflite file, or a function that makes a PyTorch network."""

import sys
from dataclasses import dataclass
from pathlib import Path

from convert.intake.tflite_file import export_tflite
from convert.intake.torch_module import export_module, is_module
from device.contract.errors import BadInputError, UsageError
from device.contract.files import absence, sha256_of

OWN_ONNX = "own.onnx"
"""In OUT/work: the ONNX form of what was given in another form."""


@dataclass(frozen=True)
class Source:
    """A network in ONNX, and where it comes from."""

    onnx: Path
    file: Path
    """As it was given; for a function, what was exported from it."""
    executed: str | None = None
    """The user's own code that ran to make it, `package.module:function`; None where nothing did."""

    @property
    def provenance(self) -> dict[str, str | None]:
        """For the handover and the manifest."""
        return {
            "file": self.file.name,
            "file_sha256": sha256_of(self.file),
            "executed": self.executed,
        }


def open_source(text: str, size_wh: tuple[int, int] | None, work: Path) -> Source:
    """The network that the command line names; only a function is executed, and standard error says so.

    Args:
        text: a file, or `package.module:function`.
        size_wh: of the picture; a function's network says nothing of it.
        work: folder for what is made of it.

    Raises:
        UsageError: a function without a size.
        BadInputError: no such file or function, or one without an ONNX form.
        MissingOutsideError: a .tflite file, and no environment that reads it.
    """
    if is_module(text):
        return _from_module(text, size_wh, work / OWN_ONNX)
    file = Path(text)
    if missing := absence(file):
        raise BadInputError(
            f"no file {text} ({missing}), wanted FILE.onnx, FILE.tflite or package.module:function"
        )
    if file.suffix == ".tflite":
        export_tflite(file, work / OWN_ONNX)
        return Source(work / OWN_ONNX, file)
    return Source(file, file)


def _from_module(text: str, size_wh: tuple[int, int] | None, onnx: Path) -> Source:
    if size_wh is None:
        raise UsageError(f"{text}: give the size of its input by --size WIDTHxHEIGHT")
    print(f"running your own code: {text}", file=sys.stderr)
    export_module(text, size_wh, onnx)
    return Source(onnx, onnx, executed=text)

"""A PyTorch network from the user's own code, as an ONNX file: the only place that runs what a user names."""

import importlib
import sys
from pathlib import Path

from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes

OPSET = 18


def is_module(text: str) -> bool:
    """Whether this names a function, `package.module:function`, and not a file."""
    module, colon, function = text.partition(":")
    return bool(colon) and function.isidentifier() and all(part.isidentifier() for part in module.split("."))


def export_module(text: str, size_wh: tuple[int, int], path: Path) -> None:
    """Call `package.module:function`, which gives a torch.nn.Module, and export it.

    Args:
        text: the function, found from the current folder.
        size_wh: pixels of its input, (1, 3, H, W).
        path: ONNX file to write.

    Raises:
        BadInputError: no such function, another result, or a layer without an ONNX form.
        WriteFailedError: the file cannot be written.
    """
    import torch

    name, _, function = text.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        module = getattr(importlib.import_module(name), function)()
    except (ImportError, AttributeError) as error:
        raise BadInputError(f"{text} cannot be called ({error}): wanted package.module:function") from error
    if not isinstance(module, torch.nn.Module):
        raise BadInputError(f"{text} gave {type(module).__name__}, wanted a torch.nn.Module")
    image = torch.zeros(1, 3, size_wh[1], size_wh[0])
    try:
        program = torch.onnx.export(
            module.eval().float(), (image,), dynamo=True, opset_version=OPSET, verbose=False
        )
    except torch.onnx.OnnxExporterError as error:
        cause = str(error.__cause__ or error).strip().splitlines()[0]
        raise BadInputError(f"{text} has no ONNX form ({cause}): replace that layer") from error
    assert program is not None  # with dynamo=True it always returns a program
    write_whole_bytes(path, program.model_proto.SerializeToString())

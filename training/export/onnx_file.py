"""A network as ONNX, and its outputs on the validation crops: what conversion is held against.

ONNX is data: reading it runs nothing, unlike torch's own formats for whole programs.
"""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes

if TYPE_CHECKING:
    import onnx
    from torch.export import ExportedProgram

OPSET = 18
"""The lowest that torch's exporter writes."""
INPUT_NAME = "image"
FAKE_QUANTISERS = ("aten.fake_quantize_per_", "aten._fake_quantize_learnable_per_")
"""How the operators' names begin that quantisation-aware training puts behind weights and activations."""
BATCH = 32


@contextmanager
def quiet_torch() -> Iterator[None]:
    """Silence warnings and log lines: torch logs a traceback even for errors that it then raises."""
    level = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def remove_fake_quantisers(program: "ExportedProgram") -> None:
    """Connect each fake quantiser's input to its output's users, in place: TFLite rounds by itself."""
    renamed = {}
    for node in list(program.graph.nodes):
        if str(node.target).startswith(FAKE_QUANTISERS):
            source = node.args[0]
            renamed[node.name] = source.name
            node.replace_all_uses_with(source)
            program.graph.erase_node(node)
    for output in program.graph_signature.output_specs:
        output.arg.name = renamed.get(output.arg.name, output.arg.name)
    program.graph_module.recompile()


def _without_traces(model: "onnx.ModelProto") -> "onnx.ModelProto":
    """The model without the exporter's stack traces, which name this machine's folders."""
    for part in (model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    return model


def onnx_of(model: nn.Module, size_hw: tuple[int, int], output_names: Sequence[str]) -> "onnx.ModelProto":
    """The network in float32 with static batch 1, its input (1, 3, H, W) named `image`.

    Raises:
        BadInputError: a layer has no ONNX form.
    """
    image = torch.zeros(1, 3, *size_hw)
    with quiet_torch():
        program = torch.export.export(model.eval().float().cpu(), (image,), strict=True)
        remove_fake_quantisers(program)
        try:
            exported = torch.onnx.export(
                program,
                dynamo=True,
                opset_version=OPSET,
                input_names=[INPUT_NAME],
                output_names=list(output_names),
                verbose=False,
            )
        except torch.onnx.OnnxExporterError as error:
            cause = str(error.__cause__ or error).strip().splitlines()[0]
            raise BadInputError(f"the network has no ONNX form ({cause}); replace that layer") from error
    assert exported is not None  # with dynamo=True it always returns a program
    return _without_traces(exported.model_proto)


def write_onnx(model: nn.Module, size_hw: tuple[int, int], output_names: Sequence[str], path: Path) -> None:
    """Write `onnx_of` the network as one file.

    Raises:
        BadInputError: a layer has no ONNX form.
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    write_whole_bytes(path, onnx_of(model, size_hw, output_names).SerializeToString(deterministic=True))


def outputs_on(model: nn.Module, crops: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
    """Every output of the network in PyTorch on (N, H, W, 3) BGR crops, maps as (N, h, w, C)."""
    parts = torch.from_numpy(np.ascontiguousarray(crops)).split(BATCH)
    model = model.eval().float().cpu()
    with torch.inference_mode():
        batches = [model((part.permute(0, 3, 1, 2).float() - 128) / 128) for part in parts]
    joined = (torch.cat(outputs) for outputs in zip(*batches, strict=True))
    return tuple((part.permute(0, 2, 3, 1) if part.ndim == 4 else part).numpy() for part in joined)

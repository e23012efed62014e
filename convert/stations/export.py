"""Station 2: the exported program as an ONNX graph of plain operators, BatchNorm folded."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convert.handover.handover import LANDMARK_OUTPUTS, Handover, read_handover
from convert.handover.network import load_network, quiet_torch
from convert.job import Job
from device.contract.errors import BadInputError, LandmarksError
from device.contract.files import write_whole

if TYPE_CHECKING:
    import onnx
    from torch.export import ExportedProgram

EXPORTER_OPSET = 18
"""The lowest that torch's exporter writes."""

CONVERTER_OPSET = 17
"""What onnx2tf is given. From opset 18 on it ignores the Resize node's coordinate rule and writes
half-pixel centres, which makes RESIZE_NEAREST_NEIGHBOR version 3; up to 17 it keeps the asymmetric
rule of torch's nearest upsampling, version 2, which older compilers read. Factor 2 gives the same
pixels either way."""

INPUT_NAME = "image"

FOREIGN_NODES = {
    "ReduceMean": "a mean over (2, 3) becomes TRANSPOSE and MEAN: use avg_pool2d(x, x.shape[2:])",
    "GlobalAveragePool": "it becomes TRANSPOSE and MEAN: use avg_pool2d(x, x.shape[2:])",
    "ConvTranspose": "int8 kernels for it are slow or missing: use nearest upsampling and a convolution",
    "Softmax": "an int8 softmax loses thin mass: leave it to the codec outside the network",
}
"""What would only fail two stations later, after the long one, and less clearly."""


def settings(job: Job) -> dict[str, Any]:
    """Tools and operator sets."""
    del job
    tools = {name: version(name) for name in ("torch", "onnx", "onnxscript")}
    return {"opsets": [EXPORTER_OPSET, CONVERTER_OPSET], "tools": tools}


def check_nodes(model: "onnx.ModelProto", network: Path) -> None:
    """Refuse nodes that cannot become one integer operator.

    Raises:
        BadInputError: the network has one.
    """
    for node in model.graph.node:
        if node.op_type in FOREIGN_NODES:
            raise BadInputError(
                f"{network} has a node {node.op_type}, wanted none: {FOREIGN_NODES[node.op_type]}"
            )


def _drop_idle_attributes(model: "onnx.ModelProto") -> None:
    """Without `noop_with_empty_axes = 0`: opset 18 writes it, 17 does not know it, the lowering keeps it."""
    for node in model.graph.node:
        idle = [each for each in node.attribute if each.name == "noop_with_empty_axes" and each.i == 0]
        for attribute in idle:
            node.attribute.remove(attribute)


def lower_opset(model: "onnx.ModelProto", network: Path) -> "onnx.ModelProto":
    """The same graph in CONVERTER_OPSET, checked.

    Raises:
        BadInputError: a node has no form there.
    """
    import onnx

    _drop_idle_attributes(model)
    try:
        lowered = onnx.version_converter.convert_version(model, CONVERTER_OPSET)
        onnx.checker.check_model(lowered, full_check=True)
    except (RuntimeError, onnx.checker.ValidationError, onnx.version_converter.ConvertError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BadInputError(
            f"{network} has a node without a form in ONNX opset {CONVERTER_OPSET} ({reason}): write the "
            f"network with the operators of convert/README.md"
        ) from error
    return lowered


def onnx_of(
    program: "ExportedProgram",
    network: Path,
    output_names: Sequence[str] = LANDMARK_OUTPUTS,
    *,
    any_operator: bool = False,
) -> "onnx.ModelProto":
    """The program as a checked ONNX model with our names for its input and outputs.

    Raises:
        BadInputError: the network has a node that the chain cannot carry.
    """
    import torch

    with quiet_torch():
        exported = torch.onnx.export(
            program,
            dynamo=True,
            opset_version=EXPORTER_OPSET,
            input_names=[INPUT_NAME],
            output_names=list(output_names),
            verbose=False,
        )
    if exported is None:
        raise LandmarksError("torch.onnx.export gave no program, wanted one: report it with this handover")
    if not any_operator:
        check_nodes(exported.model_proto, network)
    return lower_opset(exported.model_proto, network)


def run(job: Job) -> str:
    """Write the network as ONNX."""
    import onnx

    handover = read_handover(job.description)
    any_operator = isinstance(handover, Handover) and handover.any_operator
    model = onnx_of(load_network(job.network), job.network, handover.output_names, any_operator=any_operator)

    def fill(beside: Path) -> None:
        onnx.save(model, beside)

    write_whole(job.onnx, fill)
    return f"{len(model.graph.node)} nodes, opset {CONVERTER_OPSET}"

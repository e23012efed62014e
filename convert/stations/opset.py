"""Station 2: the network in the ONNX operator set that onnx2tf converts best."""

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convert.handover.description import Handover, read_handover
from convert.handover.network import read_network
from convert.job import Job
from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes

if TYPE_CHECKING:
    import onnx

CONVERTER_OPSET = 17
"""From opset 18 on onnx2tf ignores the Resize node's coordinate rule and writes half-pixel centres, which
makes RESIZE_NEAREST_NEIGHBOR version 3; up to 17 it keeps the asymmetric rule of torch's nearest
upsampling, version 2, which older compilers read. Factor 2 gives the same pixels either way."""

FOREIGN_NODES = {
    "ReduceMean": "a mean over (2, 3) becomes TRANSPOSE and MEAN: use avg_pool2d(x, x.shape[2:])",
    "GlobalAveragePool": "it becomes TRANSPOSE and MEAN: use avg_pool2d(x, x.shape[2:])",
    "ConvTranspose": "int8 kernels for it are slow or missing: use nearest upsampling and a convolution",
    "Softmax": "an int8 softmax loses thin mass: leave it to the codec outside the network",
}
"""Refused for the target `npu` here, where the reason is clear, rather than two stations later."""


def settings(job: Job) -> dict[str, Any]:
    """Tools and operator set."""
    del job
    return {"opset": CONVERTER_OPSET, "tools": {"onnx": version("onnx")}}


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


def _remove_default_attributes(model: "onnx.ModelProto") -> None:
    """Remove `noop_with_empty_axes = 0`: opset 18 writes it, 17 does not know it, the lowering keeps it."""
    for node in model.graph.node:
        defaults = [each for each in node.attribute if each.name == "noop_with_empty_axes" and each.i == 0]
        for attribute in defaults:
            node.attribute.remove(attribute)


ALIKE_DOMAIN = "alike"
"""Stands for the ONNX domain of nodes that the lowering must leave as they are."""


def _pads_alike(model: "onnx.ModelProto") -> list["onnx.NodeProto"]:
    """Pad nodes that mean the same in both: opset 18 only adds a fourth input, `axes`; onnx lowers none."""
    pads = (node for node in model.graph.node if node.op_type == "Pad")
    return [node for node in pads if len(node.input) < 4 or not node.input[3]]


def _lowered(model: "onnx.ModelProto") -> "onnx.ModelProto":
    """The graph in CONVERTER_OPSET; its Pad nodes pass by the lowering in a domain of their own."""
    import onnx

    for node in _pads_alike(model):
        node.domain = ALIKE_DOMAIN
    model.opset_import.append(onnx.helper.make_opsetid(ALIKE_DOMAIN, 1))
    lowered = onnx.version_converter.convert_version(model, CONVERTER_OPSET)
    for node in lowered.graph.node:
        if node.domain == ALIKE_DOMAIN:
            node.domain = ""
    kept = [each for each in lowered.opset_import if each.domain != ALIKE_DOMAIN]
    del lowered.opset_import[:]
    lowered.opset_import.extend(kept)
    return lowered


def lower_opset(model: "onnx.ModelProto", network: Path) -> "onnx.ModelProto":
    """The same graph in at most CONVERTER_OPSET, checked.

    Raises:
        BadInputError: a node has no form there.
    """
    import onnx

    if max(each.version for each in model.opset_import if each.domain in ("", "ai.onnx")) <= CONVERTER_OPSET:
        return model
    _remove_default_attributes(model)
    try:
        lowered = _lowered(model)
        onnx.checker.check_model(lowered, full_check=True)
    except (RuntimeError, onnx.checker.ValidationError, onnx.version_converter.ConvertError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BadInputError(
            f"{network} has a node without a form in ONNX opset {CONVERTER_OPSET} ({reason}): write the "
            f"network with the operators of convert/README.md"
        ) from error
    return lowered


def run(job: Job) -> str:
    """Write the network in CONVERTER_OPSET."""
    handover, model = read_handover(job.description), read_network(job.network)
    if not isinstance(handover, Handover) or handover.target == "npu":
        check_nodes(model, job.network)
    lowered = lower_opset(model, job.network)
    write_whole_bytes(job.onnx, lowered.SerializeToString(deterministic=True))
    return f"{len(lowered.graph.node)} nodes, opset at most {CONVERTER_OPSET}"

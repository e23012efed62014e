"""A handover's network.onnx, read and checked. ONNX is data: reading it runs nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convert.handover.description import REMEDY, AnyHandover
from device.contract.errors import BadInputError

if TYPE_CHECKING:
    import onnx

FLOAT32_ONLY = "export it in float32 (`model.float()`)"


def read_network(path: Path) -> "onnx.ModelProto":
    """The network, its shapes inferred.

    Raises:
        BadInputError: not an ONNX file, damaged, or with weights in another file.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        # Weights in other files would let a handover name any path of this machine.
        model = onnx.load(path, load_external_data=False)
        if any(weight.data_location == onnx.TensorProto.EXTERNAL for weight in model.graph.initializer):
            raise BadInputError(f"{path} keeps weights in another file, wanted them inside; {REMEDY}")
        onnx.checker.check_model(model)
        return onnx.shape_inference.infer_shapes(model, strict_mode=True)
    except (
        DecodeError,
        OSError,
        ValueError,
        onnx.checker.ValidationError,
        onnx.shape_inference.InferenceError,
    ) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise BadInputError(f"{path} is no usable ONNX file ({reason[:200]}); {REMEDY}") from error


def static_shape(value: "onnx.ValueInfoProto", path: Path) -> tuple[int, ...]:
    """The shape of an input or an output.

    Raises:
        BadInputError: a size is left to run time.
    """
    sizes = [axis.dim_value or axis.dim_param or "?" for axis in value.type.tensor_type.shape.dim]
    if not all(isinstance(size, int) for size in sizes):
        raise BadInputError(
            f"{path} has a dynamic shape {tuple(sizes)}, wanted fixed sizes with batch 1: export it without "
            f"dynamic axes; {REMEDY}"
        )
    return tuple(int(size) for size in sizes)


def inputs_of(model: "onnx.ModelProto") -> list["onnx.ValueInfoProto"]:
    """Inputs that the caller feeds: old exporters list the weights as inputs too."""
    weights = {weight.name for weight in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in weights]


def check_float32(model: "onnx.ModelProto", path: Path) -> None:
    """Refuse half and double precision before any work is done.

    Raises:
        BadInputError: a weight or a tensor of another floating-point type.
    """
    import onnx

    other = {getattr(onnx.TensorProto, name): name.lower() for name in ("FLOAT16", "BFLOAT16", "DOUBLE")}
    graph = model.graph
    found = [(weight.name, weight.data_type) for weight in graph.initializer]
    values = (*graph.input, *graph.value_info, *graph.output)
    found += [(value.name, value.type.tensor_type.elem_type) for value in values]
    named = [f"{name} is {other[kind]}" for name, kind in found if kind in other]
    if named:
        raise BadInputError(f"{path} computes in other types than float32 ({named[0]}): {FLOAT32_ONLY}")


def _check_finite(model: "onnx.ModelProto", path: Path) -> int:
    """The number of float weights.

    Raises:
        BadInputError: one is not finite.
    """
    import onnx

    arrays = [(weight.name, onnx.numpy_helper.to_array(weight)) for weight in model.graph.initializer]
    floats = [(name, array) for name, array in arrays if array.dtype == np.float32]
    broken = [name for name, array in floats if not np.isfinite(array).all()]
    if broken:
        raise BadInputError(
            f"{path} has weights that are not finite ({broken[0]} and {len(broken) - 1} more): "
            f"the training diverged; hand over an earlier checkpoint"
        )
    return sum(array.size for _, array in floats)


def _shapes(values: Sequence["onnx.ValueInfoProto"], path: Path) -> list[tuple[int, ...]]:
    return [static_shape(value, path) for value in values]


def check_network(model: "onnx.ModelProto", handover: AnyHandover, path: Path) -> dict[str, Any]:
    """Check inputs, outputs and weights; return the network's facts for the report.

    Raises:
        BadInputError: shapes other than handover.json implies, half precision, or a weight that is not
            finite.
    """
    check_float32(model, path)
    inputs, outputs = _shapes(inputs_of(model), path), _shapes(model.graph.output, path)
    batch, height, width, channels = handover.input_shape
    wanted = [(batch, channels, height, width)]
    if inputs != wanted or not handover.fits(outputs):
        raise BadInputError(
            f"{path} maps {inputs} to {outputs}, wanted {wanted} to {handover.wanted_outputs}; {REMEDY}"
        )
    return {
        "parameters": _check_finite(model, path),
        "input_shape": list(inputs[0]),
        "output_shapes": [list(shape) for shape in outputs],
    }

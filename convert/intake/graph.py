"""Any landmark network in ONNX, rewritten to the form of a handover.

Its input becomes `image` (1, 3, H, W), BGR, real = (pixel - 128) / 128; its outputs become `heatmap` (maps
(1, K, h, w) or coordinates (1, 2 K) in crop sides from the crop's centre) and, if it has one, `presence`.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convert.handover.network import check_float32, inputs_of
from device.contract.errors import BadInputError

if TYPE_CHECKING:
    import onnx

IMAGE, LANDMARKS, PRESENCE = "image", "heatmap", "presence"
REORDERING = ("TransposeOptimizer", "MatMulAddFusion")
"""ONNX Runtime's optimisers that move transpositions and reshapes about, which onnx2tf then misreads."""
PREFIX = "own/"
"""Of every name in the network as it came: ours cannot meet them."""
LAYOUTS = ("coordinates", "heatmap", "simcc")
UNITS = ("unit", "signed", "pixels")
"""Coordinates from 0 to 1, from -1 to 1, or in pixels of the crop."""


@dataclass(frozen=True)
class Normalisation:
    """How a network wants its pixels: (pixel * scale - mean) / std, by channel in the network's order."""

    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    scale: float = 1 / 255
    rgb: bool = False

    def kernel(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(3, 3, 1, 1) weights and (3,) bias of the 1x1 convolution from our input to the network's."""
        factor = 128 * self.scale / np.array(self.std)
        order = [2, 1, 0] if self.rgb else [0, 1, 2]
        weights = np.diag(factor)[:, order]
        bias = factor - np.array(self.mean) / np.array(self.std)
        return weights[:, :, None, None].astype(np.float32), bias.astype(np.float32)


@dataclass(frozen=True)
class OutputRule:
    """Which outputs hold the landmarks, and how."""

    points: int
    """K."""
    layout: str = "coordinates"
    units: str = "unit"
    """Of coordinates."""
    presence: str = ""
    """Name of an output with one logit; empty where there is none."""


def read_model(path: Path, size_wh: tuple[int, int] | None) -> "onnx.ModelProto":
    """An ONNX file with batch 1 and fixed sizes, its weights inside.

    Raises:
        BadInputError: not ONNX, not float32, more than one input, or sizes that only `--size` can give.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(path)
    except (DecodeError, OSError, ValueError, onnx.checker.ValidationError) as error:
        raise BadInputError(f"{path} is no usable ONNX file ({str(error)[:200]}): export it again") from error
    model = onnx.compose.add_prefix(model, PREFIX)
    check_float32(model, path)
    if len(inputs_of(model)) != 1:
        raise BadInputError(f"{path} has {len(inputs_of(model))} inputs, wanted one picture")
    _fix_sizes(model, path, size_wh)
    return infer_shapes(fold_constants(infer_shapes(model, path), path), path)


def fold_constants(model: "onnx.ModelProto", path: Path) -> "onnx.ModelProto":
    """The model without nodes that compute constants, which onnx2tf trips over.

    Raises:
        BadInputError: ONNX Runtime cannot run it: an operator that it does not know, or a broken graph.
    """
    import onnx
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    with tempfile.TemporaryDirectory(prefix="onnx-") as folder:
        folded = Path(folder) / "folded.onnx"
        options.optimized_model_filepath = str(folded)
        try:
            onnxruntime.InferenceSession(
                model.SerializeToString(),
                options,
                providers=["CPUExecutionProvider"],
                disabled_optimizers=REORDERING,
            )
        except (state.Fail, state.InvalidGraph, state.InvalidArgument, state.NotImplemented) as error:
            reason = str(error).strip().splitlines()[0]
            raise BadInputError(f"{path} cannot be run by ONNX Runtime ({reason[:200]})") from error
        model = onnx.load(folded)
    # ONNX Runtime names all its own operator sets, though the basic level uses none of them.
    ours = [each for each in model.opset_import if each.domain in ("", "ai.onnx")]
    del model.opset_import[:]
    model.opset_import.extend(ours)
    return model


def infer_shapes(model: "onnx.ModelProto", path: Path) -> "onnx.ModelProto":
    """The model with every shape that can be known.

    Raises:
        BadInputError: the graph contradicts itself.
    """
    import onnx

    del model.graph.value_info[:]
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    try:
        return onnx.shape_inference.infer_shapes(model, data_prop=True)
    except (onnx.shape_inference.InferenceError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BadInputError(f"{path} has a graph without consistent shapes ({reason[:200]})") from error


def _fix_sizes(model: "onnx.ModelProto", path: Path, size_wh: tuple[int, int] | None) -> None:
    """Batch 1, and the picture's size where the file leaves it open."""
    axes = inputs_of(model)[0].type.tensor_type.shape.dim
    shape = [axis.dim_value for axis in axes]
    if len(shape) != 4 or 3 not in (shape[1], shape[3]):
        raise BadInputError(f"{path} has an input of shape {shape}, wanted 3 channels and 4 dimensions")
    axes[0].dim_value = 1
    high, wide = (2, 3) if shape[1] == 3 else (1, 2)
    if size_wh:
        axes[wide].dim_value, axes[high].dim_value = size_wh
    elif not (shape[high] and shape[wide]):
        raise BadInputError(f"{path} leaves the picture's size open {shape}: give it by --size WIDTHxHEIGHT")


def shape_of(value: "onnx.ValueInfoProto") -> tuple[int, ...]:
    """Sizes; 0 for one that is not known."""
    return tuple(axis.dim_value for axis in value.type.tensor_type.shape.dim)


class GraphEditor:
    """Adds nodes and constants to a model."""

    def __init__(self, model: "onnx.ModelProto") -> None:
        self.model = model
        self.graph = model.graph

    def constant(self, name: str, values: NDArray[np.generic]) -> str:
        """Add an initialiser; its name."""
        import onnx

        self.graph.initializer.append(onnx.numpy_helper.from_array(values, name))
        return name

    def node(
        self, kind: str, inputs: Sequence[str], output: str, *, first: bool = False, **options: Any
    ) -> str:
        """Add a node at the end, or before all others; the name of its output."""
        import onnx

        node = onnx.helper.make_node(kind, list(inputs), [output], name=f"{output}_{kind}", **options)
        self.graph.node.insert(0, node) if first else self.graph.node.append(node)
        return output

    def weights(self, name: str) -> "onnx.TensorProto | None":
        """The initialiser of this name, if it is one."""
        return next((each for each in self.graph.initializer if each.name == name), None)

    def users(self, name: str) -> list["onnx.NodeProto"]:
        """Nodes that read a tensor."""
        return [node for node in self.graph.node if name in node.input]

    def rename_input(self, old: str, new: str) -> None:
        """Let every reader of `old` read `new`."""
        for node in self.users(old):
            node.input[:] = [new if name == old else name for name in node.input]

    def keep_only(self, outputs: Sequence["onnx.ValueInfoProto"]) -> None:
        """Make these the outputs, and remove what none of them needs."""
        del self.graph.output[:]
        self.graph.output.extend(outputs)
        needed, kept = {output.name for output in outputs}, []
        for node in reversed(self.graph.node):
            if needed & set(node.output):
                kept.append(node)
                needed |= set(node.input)
        del self.graph.node[:]
        self.graph.node.extend(reversed(kept))
        for weights in [each for each in self.graph.initializer if each.name not in needed]:
            self.graph.initializer.remove(weights)


def _options(node: "onnx.NodeProto") -> dict[str, Any]:
    import onnx

    return {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}


def _folds(node: "onnx.NodeProto", editor: GraphEditor, bias: NDArray[np.float32]) -> bool:
    """Whether a 1x1 convolution before this node can be folded into it, exactly.

    A padded convolution pads with 0 after the normalisation, so an offset must stay in front of it.
    """
    options = _options(node)
    if node.op_type != "Conv" or options.get("group", 1) != 1 or editor.weights(node.input[1]) is None:
        return False
    padded = any(options.get("pads", ())) or options.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID")
    return not (padded and bias.any())


def fold_normalisation(model: "onnx.ModelProto", rule: Normalisation) -> bool:
    """Rename the input to `image` and put the normalisation into the graph; whether it could be folded.

    Where the first convolution cannot take it exactly, it becomes a 1x1 convolution before that one.
    """
    import onnx

    editor, (picture,) = GraphEditor(model), inputs_of(model)
    old, shape = picture.name, shape_of(picture)
    weights, bias = rule.kernel()
    last = shape[1] != 3
    nodes = editor.users(old)
    high, wide = shape[1:3] if last else shape[2:]
    folded = not last and len(nodes) > 0 and all(_folds(node, editor, bias) for node in nodes)
    if folded:
        for number, node in enumerate(nodes):
            _fold_into(node, editor, weights, bias, f"folded_{number}")
        editor.rename_input(old, IMAGE)
    else:
        names = [editor.constant("normalise_weights", weights), editor.constant("normalise_bias", bias)]
        editor.rename_input(old, "normalised")
        if last:
            editor.node("Transpose", ["normalised_nchw"], "normalised", first=True, perm=[0, 2, 3, 1])
        editor.node("Conv", [IMAGE, *names], "normalised_nchw" if last else "normalised", first=True)
    model.graph.input.remove(picture)
    ours = onnx.helper.make_tensor_value_info(IMAGE, onnx.TensorProto.FLOAT, [1, 3, high, wide])
    model.graph.input.insert(0, ours)
    return folded


def _fold_into(
    node: "onnx.NodeProto",
    editor: GraphEditor,
    weights: NDArray[np.float32],
    bias: NDArray[np.float32],
    name: str,
) -> None:
    """conv(W x + b) of a 1x1 convolution W, b, as one convolution."""
    import onnx

    inner = weights[:, :, 0, 0]
    weight = editor.weights(node.input[1])
    assert weight is not None  # _folds has looked
    kernel = onnx.numpy_helper.to_array(weight)
    own = editor.weights(node.input[2]) if len(node.input) > 2 else None
    old = onnx.numpy_helper.to_array(own) if own is not None else np.zeros(len(kernel), np.float32)
    moved = np.einsum("oikl,ic->ockl", kernel, inner).astype(np.float32)
    offset = (old + np.einsum("oikl,i->o", kernel, bias)).astype(np.float32)
    node.input[1:] = [editor.constant(f"{name}_weights", moved), editor.constant(f"{name}_bias", offset)]


def _fits(shape: tuple[int, ...], rule: OutputRule) -> bool:
    """Whether an output of this shape can hold the landmarks."""
    if rule.layout == "coordinates":
        return int(np.prod(shape)) == 2 * rule.points
    if rule.layout == "simcc":
        return len(shape) == 3 and shape[1] == rule.points
    return len(shape) == 4 and rule.points in (shape[1], shape[3]) and min(shape[1:]) > 1


def pick_outputs(model: "onnx.ModelProto", rule: OutputRule, path: Path) -> list["onnx.ValueInfoProto"]:
    """The outputs that fit the layout and the number of points.

    Raises:
        BadInputError: none fits, or more than wanted.
    """
    count = rule.points
    outputs = [output for output in model.graph.output if output.name != PREFIX + rule.presence]
    found = [output for output in outputs if _fits(shape_of(output), rule)]
    wanted = 2 if rule.layout == "simcc" else 1
    if len(found) != wanted:
        shapes = {output.name.removeprefix(PREFIX): shape_of(output) for output in model.graph.output}
        raise BadInputError(
            f"{path} has outputs {shapes}, wanted {wanted} for {count} points as {rule.layout}: check "
            f"--points and --layout"
        )
    return found


def _affine(
    units: str, size_wh: tuple[int, int], count: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Factor and offset, (1, 2 K), from a network's coordinates to crop sides from the crop's centre.

    A pixel's centre is a whole number, so the crop's centre lies at (side - 1) / 2.
    """
    size = np.tile(np.array(size_wh, np.float64), count)
    centre = 0.5 - 0.5 / size
    factor = {"unit": np.ones_like(size), "signed": np.full_like(size, 0.5), "pixels": 1 / size}[units]
    offset = 0.5 - centre if units == "signed" else -centre
    return factor[None].astype(np.float32), np.broadcast_to(offset, size.shape)[None].astype(np.float32)


def _simcc(editor: GraphEditor, found: Sequence["onnx.ValueInfoProto"], size_wh: tuple[int, int]) -> str:
    """The expectation of both distributions (Li et al., ECCV 2022, arXiv 2107.03332), in pixels."""
    parts = []
    for axis, output, side in zip("xy", found, size_wh, strict=True):
        bins = shape_of(output)[-1]
        places = (np.arange(bins, dtype=np.float32) * side / bins)[:, None]
        softmax = editor.node("Softmax", [output.name], f"simcc_{axis}", axis=-1)
        parts.append(
            editor.node("MatMul", [softmax, editor.constant(f"bins_{axis}", places)], f"mean_{axis}")
        )
    return editor.node("Concat", parts, "simcc", axis=-1)


def _maps(editor: GraphEditor, output: "onnx.ValueInfoProto", count: int) -> list[int]:
    """Name the maps LANDMARKS, channels first; their shape."""
    _, *shape = shape_of(output)
    if shape[0] == count:
        editor.node("Identity", [output.name], LANDMARKS)
        return [1, *shape]
    editor.node("Transpose", [output.name], LANDMARKS, perm=[0, 3, 1, 2])
    return [1, count, *shape[:2]]


def _coordinates(
    editor: GraphEditor, name: str, units: str, size_wh: tuple[int, int], count: int
) -> list[int]:
    """Name 2 K coordinates LANDMARKS, in crop sides from the crop's centre; their shape."""
    shape = [1, 2 * count]
    flat = editor.node("Reshape", [name, editor.constant("flat", np.array(shape, np.int64))], "flat_points")
    factor, offset = _affine(units, size_wh, count)
    scaled = editor.node("Mul", [flat, editor.constant("sides", factor)], "scaled_points")
    editor.node("Add", [scaled, editor.constant("centre", offset)], LANDMARKS)
    return shape


def shape_outputs(
    model: "onnx.ModelProto", rule: OutputRule, path: Path, *, fitted_presence: bool = False
) -> None:
    """Make `heatmap`, and `presence` where the network has one, the model's outputs.

    Raises:
        BadInputError: no such outputs.
    """
    import onnx

    editor, found = GraphEditor(model), pick_outputs(model, rule, path)
    high, wide = shape_of(inputs_of(model)[0])[2:]
    if rule.layout == "heatmap":
        shape = _maps(editor, found[0], rule.points)
    elif rule.layout == "simcc":
        points = _simcc(editor, found, (wide, high))
        shape = _coordinates(editor, points, "pixels", (wide, high), rule.points)
    else:
        shape = _coordinates(editor, found[0].name, rule.units, (wide, high), rule.points)
    outputs = [onnx.helper.make_tensor_value_info(LANDMARKS, onnx.TensorProto.FLOAT, shape)]
    if rule.presence:
        _name_presence(editor, PREFIX + rule.presence, path)
    if rule.presence or fitted_presence:
        outputs.append(onnx.helper.make_tensor_value_info(PRESENCE, onnx.TensorProto.FLOAT, [1, 1]))
    editor.keep_only(outputs)


def _name_presence(editor: GraphEditor, name: str, path: Path) -> None:
    """One logit as (1, 1); a sigmoid at its end is cut off.

    Raises:
        BadInputError: no such output, or more than one number.
    """
    output = next((each for each in editor.graph.output if each.name == name), None)
    if output is None or int(np.prod(shape_of(output))) != 1:
        names = ", ".join(each.name.removeprefix(PREFIX) for each in editor.graph.output)
        raise BadInputError(
            f"{path} has no output {name.removeprefix(PREFIX)} with one number, only {names}: check "
            f"--presence"
        )
    maker = next(node for node in editor.graph.node if name in node.output)
    logit = maker.input[0] if maker.op_type == "Sigmoid" else name
    editor.node("Reshape", [logit, editor.constant("one_logit", np.array([1, 1], np.int64))], PRESENCE)

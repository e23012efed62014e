"""A presence output for a network that has none: logistic regression on the features of its last layer.

The tracker must know when a crop holds no face. The features from which a landmark network makes its points
tell that well, though nobody trained it to: it is fitted to faces of the calibration pictures and to pieces
without one.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convert.intake.graph import IMAGE, PRESENCE, GraphEditor, shape_of

if TYPE_CHECKING:
    import onnx

WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul")
PENALTY = 0.3
"""Of squared weights, a sample: features outnumber the pictures."""
LEAST_SPREAD = 0.1
"""Of a feature, in parts of the largest one's."""
STEPS = 10
"""Of Newton's method, which converges in fewer."""
FEATURES = "presence_features"
SOFTNESS = 0.02
"""How far the regression's labels are from 0 and 1, so that its logits stay finite."""


def features_name(model: "onnx.ModelProto", output: str) -> str:
    """The tensor that the last layer with weights reads on the way to an output."""
    makers = {name: node for node in model.graph.node for name in node.output}
    weights = {each.name for each in model.graph.initializer}
    name = output
    while name in makers:
        node = makers[name]
        if node.op_type in WEIGHTED and node.input[1] in weights:
            return str(node.input[0])
        name = next(each for each in node.input if each and each not in weights)
    return name


def add_features(model: "onnx.ModelProto", output: str) -> int:
    """Pool the features to a row (1, F) named FEATURES; F."""
    values = (*model.graph.value_info, *model.graph.input, *model.graph.output)
    name = features_name(model, output)
    shape = next(shape_of(value) for value in values if value.name == name)
    editor = GraphEditor(model)
    count = shape[1] if len(shape) == 4 else int(np.prod(shape))
    if len(shape) == 4:
        name = editor.node("AveragePool", [name], "presence_pool", kernel_shape=shape[2:])
    editor.node("Reshape", [name, editor.constant("presence_row", np.array([1, count], np.int64))], FEATURES)
    return count


def run_features(model: "onnx.ModelProto", count: int, images: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, F) features of (N, 3, H, W) images."""
    import onnx
    import onnxruntime

    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    row = onnx.helper.make_tensor_value_info(FEATURES, onnx.TensorProto.FLOAT, [1, count])
    GraphEditor(probe).keep_only([row])
    session = onnxruntime.InferenceSession(probe.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {IMAGE: image[None]})[0] for image in images]).astype(np.float64)


def fit_logistic(
    features: NDArray[np.float64], is_face: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], float]:
    """(F,) weights and bias of the logit, by Newton's method with an L2 penalty."""
    mean, spread = features.mean(axis=0), features.std(axis=0)
    # Features that hardly vary would get weights that int8 cannot hold.
    spread = np.maximum(spread, LEAST_SPREAD * spread.max() + 1e-9)
    rows = np.column_stack([(features - mean) / spread, np.ones(len(features))])
    wanted = np.where(is_face, 1 - SOFTNESS, SOFTNESS)
    penalty = np.full(rows.shape[1], PENALTY * len(rows))
    penalty[-1] = 0
    weights = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        probability = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        curvature = rows.T @ (rows * (probability * (1 - probability))[:, None])
        curvature += np.diag(penalty + 1e-9)
        weights -= np.linalg.solve(curvature, rows.T @ (probability - wanted) + penalty * weights)
    scaled = weights[:-1] / spread
    return scaled, float(weights[-1] - scaled @ mean)


def fit_presence(
    model: "onnx.ModelProto", output: str, faces: NDArray[np.float32], others: NDArray[np.float32]
) -> None:
    """Add a `presence` logit (1, 1) to the graph.

    Args:
        model: with the input `image`.
        output: name of the landmarks' output.
        faces: (N, 3, H, W) inputs that show a face.
        others: (M, 3, H, W) inputs that show none.
    """
    count = add_features(model, output)
    features = run_features(model, count, np.concatenate([faces, others]))
    weights, bias = fit_logistic(features, np.arange(len(features)) < len(faces))
    editor = GraphEditor(model)
    names = [
        editor.constant("presence_weights", weights[:, None].astype(np.float32)),
        editor.constant("presence_bias", np.array([bias], np.float32)),
    ]
    editor.node("Gemm", [FEATURES, *names], PRESENCE)

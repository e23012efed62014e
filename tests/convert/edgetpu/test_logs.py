"""Heads of public networks, drawn at their real sizes, against what compiler 16.0 logged for them."""

from collections import Counter

from convert.edgetpu.fit import BEHIND, MAPPED, fit_of
from convert.edgetpu.replacements import replacements
from convert.edgetpu.rules import IMPRECISE, LIMITED, UNSUPPORTED_TYPE
from tests.convert.graphs import Drawing


def joined(drawing, places, shape):
    return drawing.node("CONCATENATION", places, shape, fusedActivationFunction=0)


def detections(maps, classes):
    """An SSD's two branches, boxes and classes, and its postprocessing; `maps` are (side, anchors)."""
    drawing, branches = Drawing(), {4: [], classes: []}
    total = sum(side * side * anchors for side, anchors in maps)
    for side, anchors in maps:
        for numbers, places in branches.items():
            image = drawing.image(1, side, side, anchors * numbers)
            shape = (1, side * side * anchors, numbers)
            places.append(drawing.node("RESHAPE", (image, drawing.constant([1, -1, numbers])), shape))
    boxes = joined(drawing, branches[4], (1, total, 4))
    scores = drawing.node(
        "LOGISTIC", (joined(drawing, branches[classes], (1, total, classes)),), (1, total, classes)
    )
    real = [
        drawing.node("DEQUANTIZE", (place,), (1, total, 4), dtype="float32", scaled=False)
        for place in (boxes, scores)
    ]
    drawing.node("TFLite_Detection_PostProcess", real, (1, 25, 4), dtype="float32", scaled=False)
    return fit_of(drawing.graph())


def left(fit):
    return Counter((verdict.name, verdict.status) for verdict in fit.operators if not verdict.mapped)


THREE = {("DEQUANTIZE", UNSUPPORTED_TYPE): 2, ("TFLite_Detection_PostProcess", UNSUPPORTED_TYPE): 1}


def test_efficientdet_lite0_leaves_three_of_its_operators_to_the_cpu():
    """The log: 264 on the Edge TPU, 3 on the CPU (DEQUANTIZE 2, CUSTOM 1)."""
    assert left(detections([(side, 9) for side in (40, 20, 10, 5, 3)], 90)) == THREE


def test_ssd_mobilenet_v2_of_tensorflow_2_leaves_three_of_its_operators_to_the_cpu():
    """The log: 110 on the Edge TPU, 3 on the CPU."""
    assert left(detections([(19, 3), (10, 6), (5, 6), (3, 6), (2, 6), (1, 6)], 91)) == THREE


def test_yolov5_at_640_keeps_its_smallest_maps_on_the_edge_tpu():
    """The log: RESHAPE 3 mapped and 3 with an unspecified limitation, LOGISTIC 3 of the head behind them."""
    drawing, flat = Drawing(), []
    for side in (80, 40, 20):
        cells, maps = side * side, (1, side, side, 255)
        image = drawing.node("RELU", (drawing.image(*maps),), maps)
        grid = drawing.node("RESHAPE", (image, drawing.constant([1, -1, 3, 85])), (1, cells, 3, 85))
        parts = []
        for begin, end in ((0, 2), (2, 4), (4, 85)):
            limits = [drawing.constant([0, 0, 0, each]) for each in (begin, end)]
            shape = (1, cells, 3, end - begin)
            part = drawing.node("STRIDED_SLICE", (grid, *limits, drawing.constant([1] * 4)), shape)
            parts.append(drawing.node("LOGISTIC", (part,), shape))
        whole = joined(drawing, parts, (1, cells, 3, 85))
        flat.append(drawing.node("RESHAPE", (whole, drawing.constant([1, -1, 85])), (1, 3 * cells, 85)))
    joined(drawing, flat, (1, 25_200, 85))
    found = Counter((verdict.name, verdict.status) for verdict in fit_of(drawing.graph()).operators)
    assert (found["RESHAPE", MAPPED], found["RESHAPE", LIMITED]) == (3, 3)
    assert (found["LOGISTIC", MAPPED], found["LOGISTIC", BEHIND]) == (6, 3)


def test_yolov8_at_224_transposes_and_softmaxes_its_distances_on_the_edge_tpu():
    """The log: 257 operators, all mapped, TRANSPOSE 5 and SOFTMAX 1 among them."""
    drawing = Drawing()
    image = drawing.image(1, 1_029, 4, 16)
    turned = drawing.node("TRANSPOSE", (image, drawing.constant([0, 3, 2, 1])), (1, 16, 4, 1_029))
    drawing.node("SOFTMAX", (turned,), (1, 16, 4, 1_029))
    assert fit_of(drawing.graph()).fully_mapped


def test_deeplab_v3_leaves_its_image_pooling_and_all_behind_it_to_the_cpu():
    """DeepLab v3 on MobileNetV2 at 513: the point's resize, then CONCATENATION and both CONV_2D behind it."""
    drawing, map_33 = Drawing(), (1, 33, 33, 256)
    trunk = drawing.node(
        "CONV_2D", (drawing.image(1, 33, 33, 960), drawing.weights(320, 1, 1, 960)), (1, 33, 33, 320)
    )
    cells = drawing.node("CONV_2D", (trunk, drawing.weights(256, 1, 1, 320)), map_33)
    pooled = drawing.node("AVERAGE_POOL_2D", (trunk,), (1, 1, 1, 320), fusedActivationFunction=0)
    point = drawing.node("CONV_2D", (pooled, drawing.weights(256, 1, 1, 320)), (1, 1, 1, 256))
    spread = drawing.node("RESIZE_BILINEAR", (point, drawing.constant([33, 33])), map_33)
    both = joined(drawing, (spread, cells), (1, 33, 33, 512))
    mixed = drawing.node("CONV_2D", (both, drawing.weights(256, 1, 1, 512)), map_33)
    logits = drawing.node("CONV_2D", (mixed, drawing.weights(21, 1, 1, 256)), (1, 33, 33, 21))
    whole = drawing.node("RESIZE_BILINEAR", (logits, drawing.constant([513, 513])), (1, 513, 513, 21))
    drawing.node("ARG_MAX", (whole, drawing.constant([3])), (1, 513, 513), dtype="int64", scaled=False)
    fit = fit_of(drawing.graph())
    assert [verdict.mapped for verdict in fit.operators] == [True] * 4 + [False] * 6
    assert left(fit)["RESIZE_BILINEAR", IMPRECISE] == 2
    assert left(fit)["CONV_2D", BEHIND] == 2
    assert left(fit)["CONCATENATION", BEHIND] == 1
    named = [found.what for found in replacements(drawing.graph())]
    assert named == ["image pooling", "ARG_MAX", "RESIZE_BILINEAR"]

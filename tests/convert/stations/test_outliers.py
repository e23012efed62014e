"""Crops of ground that a coordinate network reads far outside a face set none of its ranges."""

from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from convert.handover.description import Handover
from convert.stations.outliers import near_faces, without_outliers
from device.contract.codec import CODECS, COORDINATES
from device.contract.manifest import CodecRule, CropRule

SIDE = 8


def test_every_face_stays_and_of_the_grounds_those_near_a_face_and_never_fewer_than_four():
    reach = np.array([0.4, 0.5, 0.1, 0.6, 0.7, 2.0, 2.5])
    presence = np.array([3.0, 2.0, -1.0, -2.0, -9.0, -9.0, -9.0])
    assert near_faces(reach, presence).tolist() == [True] * 6 + [False]
    reach = np.array([0.5, *[0.3] * 4, 0.62, 0.63, 2.0])
    presence = np.array([1.0, *[-1.0] * 7])
    assert near_faces(reach, presence).tolist() == [True] * 6 + [False] * 2


@pytest.mark.parametrize("logit", [1.0, -1.0])
def test_of_faces_alone_and_of_grounds_alone_every_crop_stays(logit):
    assert near_faces(np.array([0.1, 9.0]), np.full(2, logit)).all()


def brightness(path):
    """A network whose presence and coordinates are the mean of the picture: dark ones are ground."""
    nodes = [
        helper.make_node("ReduceMean", ["image", "axes"], ["bright"], keepdims=0),
        helper.make_node("Reshape", ["bright", "one"], ["presence"]),
        helper.make_node("Expand", ["presence", "wide"], ["landmarks"]),
    ]
    constants = [
        helper.make_tensor("axes", TensorProto.INT64, [3], [1, 2, 3]),
        helper.make_tensor("one", TensorProto.INT64, [2], [1, 1]),
        helper.make_tensor("wide", TensorProto.INT64, [2], [1, 136]),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIDE, SIDE])
    outputs = [
        helper.make_tensor_value_info("landmarks", TensorProto.FLOAT, [1, 136]),
        helper.make_tensor_value_info("presence", TensorProto.FLOAT, [1, 1]),
    ]
    graph = helper.make_graph(nodes, "brightness", [image], outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


@pytest.mark.parametrize("codec", CODECS)
def test_only_coordinates_are_looked_at_and_the_first_crop_spans_the_input(tmp_path, codec):
    # Logits (level - 128) / 128: -1, then two faces at 0.25, then grounds at -0.25 (four), -0.3 and -1.
    levels = [0, 160, 160, *[96] * 4, 90, 0]
    crops = np.stack([np.full((SIDE, SIDE, 3), level, np.uint8) for level in levels])
    rule = CodecRule(codec, 4.0 if codec != COORDINATES else float(SIDE), 1.0)
    handover = Handover("x", "ibug_68", CropRule(1.3, (SIDE, SIDE)), rule)
    kept = without_outliers(crops, brightness(tmp_path / "network.onnx"), handover)[:, 0, 0, 0].tolist()
    assert kept == (levels[:-1] if codec == COORDINATES else levels)


def test_a_finder_keeps_every_crop():
    crops = np.zeros((2, SIDE, SIDE, 3), np.uint8)
    assert without_outliers(crops, None, SimpleNamespace()) is crops

"""ONNX files of a peer's layout that always give the same, and peers that know what they will see."""

import onnx
from onnx import TensorProto, helper, numpy_helper

from training.peers.line_up import LineUp
from training.peers.peer import Face, Peer


def constant_file(path, takes, *gives):
    """A file that takes any tensor of a shape and gives these arrays."""
    constants = [
        helper.make_node("Constant", [], [f"out{number}"], value=numpy_helper.from_array(array))
        for number, array in enumerate(gives)
    ]
    outputs = [
        helper.make_tensor_value_info(f"out{number}", TensorProto.FLOAT, array.shape)
        for number, array in enumerate(gives)
    ]
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, takes)]
    model = helper.make_model(
        helper.make_graph(constants, "made", inputs, outputs), opset_imports=[helper.make_opsetid("", 17)]
    )
    model.ir_version = 8
    onnx.save(model, path)
    return path


class Knowing:
    """Gives landmarks that were told to it, picture after picture; None: it misses the face."""

    lacking = ()

    def __init__(self, landmarks):
        self.told = landmarks
        self.asked = 0

    def follow(self, image, box):
        self.asked += 1
        return self.told[(self.asked - 1) % len(self.told)]

    look = follow

    def calls(self, image, box):
        return {}

    def find(self, image):
        return []

    def faces(self, image):
        found = self.follow(image, None)
        return [] if found is None else [Face.of(found)]


def line_of(*peers):
    return LineUp(tuple(peers), ())


def knowing_peer(name, landmarks, searches=None):
    looker = Knowing(landmarks)
    return Peer(name, "1", (), looker, None if searches is None else Knowing(searches))

"""A peer's network in an ONNX file, on one thread."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError, MissingOutsideError

Shape = tuple[int, ...]


class OnnxModel:
    """A file with one input."""

    def __init__(self, path: Path, name: str, takes: Shape, gives: Sequence[Shape]) -> None:
        """Load it.

        Args:
            path: of the file.
            name: of the peer, for messages.
            takes: shape of its input.
            gives: shapes of its outputs.

        Raises:
            MissingOutsideError: no such file.
            BadInputError: no ONNX file, or one of another layout.
        """
        import onnxruntime

        if not path.is_file():
            raise MissingOutsideError(f"no file {path} of {name}; give the path of its ONNX file")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except _refusals() as error:
            raise BadInputError(f"{path} is no ONNX file that can be run ({error}); give {name}'s") from error
        self._input = self._session.get_inputs()[0].name
        try:
            got = str([each.shape for each in self.run(np.zeros(takes, np.float32))])
        except _refusals():
            got = "none"
        if got != str(list(gives)):
            raise BadInputError(f"{path} gives {got} for {takes}, wanted {list(gives)}; is it {name}'s file?")

    def run(self, tensor: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Its outputs for one input."""
        return list(self._session.run(None, {self._input: tensor}))


def _refusals() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises over a file or an input that it cannot use."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    names = "Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented", "RuntimeException"
    return tuple(getattr(state, name) for name in names)

"""MediaPipe as the peer: its mesh network in our interpreter, and where its own environment lies."""

from pathlib import Path

import numpy as np

from device.contract.errors import BadInputError, MissingOutsideError
from device.contract.geometry import CropTransform
from device.inference.interpreter import load_runtime

PEER_FILE = "mediapipe/modules/face_landmark/face_landmark.tflite"
PEER_HOME = Path(__file__).parents[3] / ".venv-bench"


class MeshPeer:
    """MediaPipe's 192-pixel face mesh network, run by the same interpreter as ours."""

    def __init__(self, model: Path, threads: int) -> None:
        """Load the file.

        Raises:
            BadInputError: it is not a model.
        """
        try:
            self._interpreter = load_runtime().Interpreter(model_path=str(model), num_threads=threads)
            self._interpreter.allocate_tensors()
        except ValueError as error:
            raise BadInputError(f"{model} is not a TFLite model ({error})") from error
        self._input = self._interpreter.get_input_details()[0]
        self._mesh = self._interpreter.get_output_details()[0]["index"]
        self.side = int(self._input["shape"][1])

    def infer(self, crop: np.ndarray) -> None:
        """A crop (side, side, 3) uint8 through the network."""
        real = crop[None].astype(np.float32) * np.float32(1 / 255)
        self._interpreter.set_tensor(self._input["index"], real)
        self._interpreter.invoke()

    def decode(self, transform: CropTransform) -> np.ndarray:
        """(468, 2) pixels of the frame."""
        mesh = self._interpreter.get_tensor(self._mesh).reshape(-1, 3)
        return transform.crop_to_frame(mesh[:, :2])


def find_peer(given: str | None) -> Path | None:
    """MediaPipe's model: the file given, or the one in `.venv-bench`, or None.

    Raises:
        MissingOutsideError: the file given is not there.
    """
    if given is None:
        return next(PEER_HOME.glob(f"lib/*/site-packages/{PEER_FILE}"), None)
    if not Path(given).is_file():
        raise MissingOutsideError(f"no file {given}: `make bench` fetches MediaPipe's wheel, which holds it")
    return Path(given)


def find_peer_python() -> Path | None:
    """The interpreter of `.venv-bench`, if MediaPipe is installed in it."""
    python = PEER_HOME / "bin" / "python"
    return python if any(PEER_HOME.glob("lib/*/site-packages/mediapipe")) and python.exists() else None

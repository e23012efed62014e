"""The project's own finder: a small int8 network over the whole frame.

It gives the tight box of the landmarks and five points, so the first crop is upright at once.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.boxes import non_maximum_suppression
from device.contract.finder_codec import Candidates, decode_cells, logit_threshold
from device.contract.finder_manifest import FinderManifest, read_finder_model
from device.contract.geometry import Box
from device.contract.letterbox import EMPTY_PIXEL, Letterbox
from device.contract.provenance import is_open
from device.contract.tensors import TensorSpec
from device.finders.finder import FoundFace
from device.finders.settings import DEFAULT_FINDER
from device.inference.interpreter import fill_input, find_tensor, load_interpreter

SHIPPED = Path(__file__).parents[1] / "models" / "finder" / "finder.tflite"
"""The finder in the package."""
SHIPPED_OPEN = Path(__file__).parents[1] / "models" / "open-finder" / "finder.tflite"
"""The finder that is free for any use, where it is shipped."""


def finder_for(model: str, address: str) -> str:
    """The address of the finder that goes with a landmark model, where none is named: `trained:` alone.

    A model that is free for any use goes with the finder that is, where it is shipped.
    """
    if address == DEFAULT_FINDER and is_open(model) and SHIPPED_OPEN.is_file():
        return f"{DEFAULT_FINDER}{SHIPPED_OPEN}"
    return address


def letterbox_image(image: NDArray[np.uint8], letterbox: Letterbox, shown: NDArray[np.uint8]) -> None:
    """Shrink or enlarge `image` (H, W, 3) into the top left of `shown`, in place, and grey the rest.

    A large frame is first sampled at twice the size, then averaged by two: sixteen of its pixels for
    each of the input's, at a cost that does not grow with the frame, where true means of a 640x480
    frame take longer than the network itself.
    """
    width, height = letterbox.shown_wh
    if letterbox.frame_wh[0] > 2 * width and letterbox.frame_wh[1] > 2 * height:
        twice = cv2.resize(image, (2 * width, 2 * height), interpolation=cv2.INTER_LINEAR)
        shown[:height, :width] = cv2.resize(twice, (width, height), interpolation=cv2.INTER_AREA)
    else:
        shown[:height, :width] = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    shown[height:] = EMPTY_PIXEL
    shown[:height, width:] = EMPTY_PIXEL


class TrainedFinder:
    """A TFLite finder and its manifest, int8 or float, ready to run."""

    def __init__(self, model: Path = SHIPPED, threads: int = 1) -> None:
        """Load and check the model.

        Raises:
            BadInputError: model or manifest missing, damaged, or not a pair.
            MissingOutsideError: no TFLite runtime is installed.
        """
        manifest = read_finder_model(model)
        self.manifest: FinderManifest = manifest
        self._interpreter = load_interpreter(model, threads)
        self._input = find_tensor(manifest.input, self._interpreter.get_input_details(), model)["index"]
        outputs = self._interpreter.get_output_details()
        self._score, self._box, self._points = (
            find_tensor(spec, outputs, model)["index"]
            for spec in (manifest.score, manifest.box, manifest.points)
        )
        width, height = manifest.input_wh
        self._shown = np.full((height, width, 3), EMPTY_PIXEL, np.uint8)
        self._input_buffer = np.zeros(manifest.input.shape, manifest.input.dtype)
        self._least = threshold_value(manifest.score, logit_threshold(manifest.codec))

    def find(self, image: NDArray[np.uint8]) -> list[FoundFace]:
        """Faces of a frame (H, W, 3) uint8 BGR of any size, best first."""
        letterbox = Letterbox.fit((image.shape[1], image.shape[0]), self.manifest.input_wh)
        letterbox_image(image, letterbox, self._shown)
        self.infer(self._shown)
        return faces_in_frame(self.decode(), letterbox)

    def infer(self, shown: NDArray[np.uint8]) -> None:
        """Run the network on a letterboxed frame (H, W, 3) uint8 of the manifest's size."""
        fill_input(shown, self.manifest.pixel_offset, self._input_buffer[0])
        self._interpreter.set_tensor(self._input, self._input_buffer)
        self._interpreter.invoke()

    def decode(self) -> Candidates:
        """What the last `infer` found, in pixels of the input; all arrays are copies."""
        manifest = self.manifest
        # Views into the interpreter: used before this function returns, never kept. Only the few
        # cells that claim a face are dequantised.
        score = self._interpreter.tensor(self._score)()[0, :, :, 0]
        cells = np.argwhere(score >= self._least)
        rows, columns = cells.T
        claimed = decode_cells(
            cells,
            manifest.score.dequantise(score[rows, columns]),
            manifest.box.dequantise(self._interpreter.tensor(self._box)()[0, rows, columns]),
            manifest.points.dequantise(self._interpreter.tensor(self._points)()[0, rows, columns]),
            manifest.codec,
        )
        return claimed.take(non_maximum_suppression(claimed.boxes, manifest.codec.iou_threshold))


def threshold_value(spec: TensorSpec, real: float) -> float:
    """The tensor's smallest own value that means at least `real`."""
    return float(np.ceil(real / spec.scale) + spec.zero_point) if spec.quantised else real


def faces_in_frame(faces: Candidates, letterbox: Letterbox) -> list[FoundFace]:
    """Faces from pixels of the input to pixels of the frame."""
    boxes = letterbox.to_frame(faces.boxes.reshape(-1, 2, 2)).reshape(-1, 4)
    eyes = letterbox.to_frame(faces.points[:, :2])
    across = eyes[:, 1] - eyes[:, 0]
    angles = np.arctan2(across[:, 1], across[:, 0])
    return [
        FoundFace(Box(*corners), score, angle)
        for corners, score, angle in zip(boxes.tolist(), faces.scores.tolist(), angles.tolist(), strict=True)
    ]

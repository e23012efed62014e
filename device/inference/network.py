"""The landmark network: a crop in, landmarks with their scores out. Loaded once, checked at start."""

import logging
import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from device.contract.codec import (
    COORDINATES,
    HeatmapCodec,
    decode_coordinates,
    map_weights,
    score_of_variance,
    table_of,
)
from device.contract.errors import BadInputError
from device.contract.geometry import Image
from device.contract.manifest import ModelManifest, read_model_manifest
from device.contract.shape import correction_of
from device.inference.interpreter import OpenInterpreter, fill_input, find_tensor, load_interpreter
from device.support.processor import usable_cores

log = logging.getLogger(__name__)

MOST_AT_ONCE = 4
"""Networks of one model that run at the same time: a Raspberry Pi has four cores."""

MIN_LOGIT = -30.0
"""A logit whose presence of 1e-13 is as good as none; below it exp could overflow."""


Draw = Callable[[Image], None]
"""Draws a crop into the pixels that it is given, (H, W, 3) uint8, and keeps no reference to them."""


class Decoded(Struct, frozen=True, eq=False):
    """The network's result for one crop."""

    landmarks_crop: NDArray[np.float32]
    """(K, 2) pixels of the crop."""
    landmark_scores: NDArray[np.float32]
    """(K,) 0 to 1, from each map's spread; 1 where the network gives coordinates, which have none."""
    presence: float
    """Probability that the crop holds a face, 0 to 1."""


class LandmarkNetwork:
    """A TFLite landmark model and its manifest, int8 or float, ready to run."""

    def __init__(
        self, model: Path, threads: int = 1, open_interpreter: OpenInterpreter | None = None
    ) -> None:
        """Load and check the model.

        Args:
            model: the file, its manifest beside it.
            threads: of the interpreter.
            open_interpreter: makes it of the file and the threads; by default in this process.

        Raises:
            BadInputError: model or manifest missing, damaged, or not a pair.
            MissingOutsideError: no TFLite runtime is installed.
        """
        self.manifest: ModelManifest = read_model_manifest(model)
        self._interpreter = (open_interpreter or load_interpreter)(model, threads)
        self._model, self._threads = model, threads
        self._others: list[LandmarkNetwork] = []
        self._most = 1 if open_interpreter else min(max(usable_cores() // threads, 1), MOST_AT_ONCE)
        self._bind(model)

    def _bind(self, model: Path) -> None:
        """Look up the tensors once and prepare what decoding needs."""
        manifest, interpreter = self.manifest, self._interpreter
        inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
        tensors = (manifest.input, inputs), (manifest.landmarks_output, outputs), (manifest.presence, outputs)
        # Each gives a view into the interpreter: used at once, never kept.
        self._view_input, self._view_heatmap, self._view_presence = (
            interpreter.tensor(find_tensor(spec, details, model)["index"]) for spec, details in tensors
        )
        self._draws_in_place = manifest.input.dtype == "int8"
        self._pixels = np.empty(0 if self._draws_in_place else manifest.input.shape[1:], np.uint8)
        self._correct = correction_of(manifest.codec.shape, manifest.landmark_scheme.count)
        if manifest.codec.name != COORDINATES:
            height, width = manifest.landmarks_output.shape[1:3]
            self._codec = HeatmapCodec((width, height), manifest.codec.stride)
            self._table = table_of(manifest.codec.name, manifest.landmarks_output)
            self._weights = np.empty((height * width, manifest.landmarks_output.shape[3]), np.float32)

    def side_by_side(self, most: int) -> "list[LandmarkNetwork]":
        """Networks of this model for threads of their own, this one first: as many as there are cores for.

        Each has an interpreter of its own, loaded when it is first wanted: an interpreter runs one crop at a
        time, and a second one runs on a core that otherwise rests.
        """
        count = max(min(most, self._most), 1)
        while len(self._others) < count - 1:
            other = self._load_again()
            if other is None:
                self._most = count = len(self._others) + 1
            else:
                self._others.append(other)
        return [self, *self._others[: count - 1]]

    def _load_again(self) -> "LandmarkNetwork | None":
        """The same model once more; None where its file is no longer the one that was loaded."""
        try:
            other = LandmarkNetwork(self._model, self._threads)
        except BadInputError as error:
            log.warning("faces are looked at one after the other: %s", error)
            return None
        if other.manifest != self.manifest:
            log.warning("faces are looked at one after the other: %s has been replaced", self._model)
            return None
        return other

    def infer(self, crop: Image) -> None:
        """Run the network on a crop (H, W, 3) uint8 of the manifest's size and channel order."""
        self.infer_drawn(lambda pixels: np.copyto(pixels, crop))

    def infer_drawn(self, draw: Draw) -> None:
        """Run the network on a crop that `draw` draws into the (H, W, 3) uint8 pixels it is given.

        Those are the memory of an int8 network's input, so that no copy is made.
        """
        view = self._view_input()[0]
        pixels = view.view(np.uint8) if self._draws_in_place else self._pixels
        draw(pixels)
        fill_input(pixels, self.manifest.pixel_offset, view)
        # A view that still lives while the network runs would be refused by the runtime.
        del view, pixels
        self._interpreter.invoke()

    def decode(self) -> Decoded:
        """The result of the last `infer`; all arrays are copies."""
        landmarks_crop, landmark_scores = self._decode_landmarks()
        logit = self.manifest.presence.real(self._view_presence().item())
        return Decoded(
            self._correct(landmarks_crop), landmark_scores, 1 / (1 + math.exp(-max(logit, MIN_LOGIT)))
        )

    def _decode_landmarks(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Landmarks and scores by the manifest's codec."""
        rule = self.manifest.codec
        raw = self._view_heatmap()[0]
        if rule.name == COORDINATES:
            coordinates = self.manifest.landmarks_output.dequantise(raw)
            landmarks_crop = decode_coordinates(coordinates, self.manifest.crop.size_wh)
            return landmarks_crop, np.ones(len(landmarks_crop), np.float32)
        landmarks_crop, variance_px = self._codec.mean_and_variance(self._read_weights(raw))
        return landmarks_crop, score_of_variance(variance_px, rule.half_score_px, rule.sure_px)

    def _read_weights(self, raw: NDArray[np.generic]) -> NDArray[np.float32]:
        """Weights of raw maps (H, W, K) for the codec; overwritten by the next call."""
        if self._table is None:
            return map_weights(self.manifest.codec.name, raw, None)
        # OpenCV looks up twice as fast as numpy.
        cells = raw.view(np.uint8).reshape(self._weights.shape)
        return np.asarray(cv2.LUT(cells, self._table, dst=self._weights), np.float32)

    def close(self) -> None:
        """End the process of an interpreter that has one of its own."""
        if hasattr(self._interpreter, "close"):
            self._interpreter.close()

    def read_heatmap(self) -> NDArray[np.float32]:
        """(H, W, K) raw maps of the last `infer`, or (2 K,) coordinates, as reals.

        For comparing models, not for the stream.
        """
        return self.manifest.landmarks_output.dequantise(self._view_heatmap()[0])

"""OpenSeeFace's networks (emilianavt/OpenSeeFace, BSD-2): 66 points, and its own face finder.

Written after its tracker.py: the crop is the box and a margin, not square, resized to 224 pixels; of 198 maps
of 28 x 28 the first 66 say in which cell a point is, the others how far from there, down and right, as the
logit of a number between 0 and 1. lm_model0 to lm_model4 are of this layout; of the faster ones of lower
resolution (T, U, V) each has its own.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.errors import MissingOutsideError
from device.contract.files import sha256_of
from device.contract.geometry import Box, Image
from device.contract.landmarks import ibug_68
from device.sinks.avatar.osf import POINT_ORDER
from training.peers.crop_looker import CropLooker, Native
from training.peers.onnx_model import OnnxModel
from training.peers.peer import Face, Landmarks, Peer

SIDE = 224
GRID = 28
POINTS = len(POINT_ORDER)
LOGIT_FACTOR = 16.0
MARGIN_WH = 0.1, 0.125
"""Of the box's width and height, added on each side."""
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
"""ImageNet's, by which it normalises red, green and blue."""
LANDMARK_FILE, FINDER_FILE = "lm_model0_opt.onnx", "mnv3_detection_opt.onnx"
FINDER_GRID, FINDER_STEP = 56, 4
MIN_SCORE = 0.6
"""Its detection threshold."""


@dataclass(frozen=True)
class Window:
    """Pixels of the picture from (left, top) up to, without, (right, bottom)."""

    left: int
    top: int
    right: int
    bottom: int

    def within(self, width: int, height: int) -> "Window":
        """The part inside a picture; at least a pixel."""
        left, top = min(max(self.left, 0), width - 1), min(max(self.top, 0), height - 1)
        return Window(
            left, top, min(max(self.right, left + 1), width), min(max(self.bottom, top + 1), height)
        )


def normalised(image: Image) -> NDArray[np.float32]:
    """(1, 3, H, W) red, green, blue from (H, W, 3) uint8 BGR."""
    real = image[..., ::-1] * (1 / (255 * DEVIATION)) - MEAN / DEVIATION
    return np.ascontiguousarray(real.transpose(2, 0, 1)[None], np.float32)


def decode_maps(maps: NDArray[np.float32]) -> NDArray[np.float64]:
    """(66, 2) x and y, in pixels of the crop over its side, from (198, 28, 28) maps."""
    flat = maps.reshape(3, POINTS, GRID * GRID)
    cells = flat[0].argmax(axis=1)
    down, right = np.clip(flat[1:, np.arange(POINTS), cells].astype(np.float64), 1e-7, 1 - 1e-7)
    rows, columns = np.divmod(cells, GRID)
    x, y = (
        (SIDE - 1) * (place / (GRID - 1) + np.log(off / (1 - off)) / LOGIT_FACTOR)
        for place, off in ((columns, right), (rows, down))
    )
    return np.column_stack([x, y]) / SIDE


class OpenSeeFaceLooker(CropLooker[Window]):
    """Its landmark network."""

    lacking = tuple(sorted(set(range(ibug_68.count)) - set(POINT_ORDER.tolist())))

    def __init__(self, model: Path) -> None:
        """Load the file.

        Raises:
            MissingOutsideError: no such file.
            BadInputError: another layout.
        """
        gives = [(1, 3 * POINTS, GRID, GRID)]
        self._model = OnnxModel(model, "OpenSeeFace", (1, 3, SIDE, SIDE), gives)
        self._maps = np.zeros((3 * POINTS, GRID, GRID), np.float32)
        self._picture_wh = SIDE, SIDE

    def window(self, box: Box) -> Window:
        """The box and its margin."""
        x, y = MARGIN_WH[0] * box.width, MARGIN_WH[1] * box.height
        low, high = np.floor([box.x_min - x, box.y_min - y]), np.ceil([box.x_max + x, box.y_max + y])
        return Window(*low.astype(int).tolist(), *np.maximum(high, low + 4).astype(int).tolist())

    def window_around(self, native: Native) -> Window:
        """The same about the points."""
        return self.window(Box.around(native))

    def crop(self, image: Image, window: Window) -> NDArray[np.float32]:
        """(1, 3, 224, 224) of the window as far as it lies in the picture, stretched."""
        self._picture_wh = image.shape[1], image.shape[0]
        seen = window.within(*self._picture_wh)
        part = image[seen.top : seen.bottom, seen.left : seen.right]
        return normalised(np.asarray(cv2.resize(part, (SIDE, SIDE)), np.uint8))

    def infer(self, crop: NDArray[np.float32]) -> None:
        """Run the network."""
        self._maps = self._model.run(crop)[0][0]

    def decode(self, window: Window) -> Native:
        """(66, 2), in the part of the window that the crop has shown."""
        seen = window.within(*self._picture_wh)
        size = seen.right - seen.left, seen.bottom - seen.top
        return decode_maps(self._maps) * size + (seen.left, seen.top)

    def landmarks(self, native: Native) -> Landmarks:
        """Without the inner corners of the mouth."""
        landmarks = np.full((ibug_68.count, 2), np.nan)
        landmarks[POINT_ORDER] = native
        return landmarks


class OpenSeeFaceSearcher:
    """Its finder, then its landmarks."""

    def __init__(self, finder: Path, looker: OpenSeeFaceLooker) -> None:
        """Load the finder.

        Raises:
            MissingOutsideError: no such file.
            BadInputError: another layout.
        """
        gives = [(1, 2, FINDER_GRID, FINDER_GRID), (1, 1, FINDER_GRID, FINDER_GRID)]
        self._model, self._looker = OnnxModel(finder, "OpenSeeFace", (1, 3, SIDE, SIDE), gives), looker

    def find(self, image: Image) -> list[Box]:
        """Boxes of the faces, best first: peaks of a map of scores, with a radius at each."""
        small = np.asarray(cv2.resize(image, (SIDE, SIDE)), np.uint8)
        maps, highest = (each[0] for each in self._model.run(normalised(small)))
        rows, columns = np.nonzero((maps[0] == highest[0]) & (maps[0] >= MIN_SCORE))
        scale = np.array(image.shape[1::-1]) / SIDE
        order = np.argsort(-maps[0, rows, columns])
        return [_box_of(maps[1], int(rows[each]), int(columns[each]), scale) for each in order]

    def faces(self, image: Image) -> list[Face]:
        """Every face."""
        return [Face.of(self._looker.look(image, box)) for box in self.find(image)]


def _box_of(radii: NDArray[np.float32], row: int, column: int, scale: NDArray[np.float64]) -> Box:
    """The box of a peak of the finder's map."""
    radius = float(radii[row, column]) * SIDE / 2
    centre, size = scale * (column * FINDER_STEP, row * FINDER_STEP), 2 * radius * scale
    return Box.centred((float(centre[0]), float(centre[1])), (float(size[0]), float(size[1])))


def openseeface_peer(place: Path) -> Peer:
    """The landmark network of that file, or of its `models` folder, with the finder that lies beside it.

    Raises:
        MissingOutsideError: no such file.
        BadInputError: another layout.
    """
    model = place / LANDMARK_FILE if place.is_dir() else place
    if not model.is_file():
        raise MissingOutsideError(f"no file {model}; give OpenSeeFace's folder `models` or an lm_model file")
    looker, finder = OpenSeeFaceLooker(model), model.with_name(FINDER_FILE)
    searcher = OpenSeeFaceSearcher(finder, looker) if finder.is_file() else None
    version = f"sha256:{sha256_of(model)[:8]}"
    return Peer(f"OpenSeeFace {model.stem}", version, ("openseeface", str(place)), looker, searcher)

"""PFLD's family (Guo et al., 2019) as AnthonyF333/PFLD_GhostOne publishes it (Apache-2.0): 98 points of WFLW.

Written after its onnx_inference.py and SetPreparation.py: a square of 1.2 times the longest side of the box,
112 pixels, red, green, blue from -1 to 1; 196 numbers, x and y in sides of the square. It has no finder of
landmarks' boxes: YuNet's stand for one.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.contract.files import sha256_of
from device.contract.geometry import Box, CropTransform, Image
from device.contract.landmarks import wflw_98
from device.tracking.crop import crop_image
from training.peers.crop_looker import CropLooker, Native
from training.peers.onnx_model import OnnxModel
from training.peers.peer import Face, Landmarks, Peer
from training.peers.yunet import YuNetSearcher

SIDE = 112
MARGIN = 1.2


class PfldLooker(CropLooker[CropTransform]):
    """The network of one file."""

    def __init__(self, model: Path) -> None:
        """Load the file.

        Raises:
            MissingOutsideError: no such file.
            BadInputError: another layout.
        """
        self._model = OnnxModel(model, "PFLD", (1, 3, SIDE, SIDE), [(1, 2 * wflw_98.count)])
        self._sides = np.zeros((wflw_98.count, 2))

    def window(self, box: Box) -> CropTransform:
        """An upright square."""
        return CropTransform.for_box(box, MARGIN, (SIDE, SIDE))

    def window_around(self, native: Native) -> CropTransform:
        """The same about the points."""
        return self.window(Box.around(native))

    def crop(self, image: Image, window: CropTransform) -> NDArray[np.float32]:
        """(1, 3, 112, 112)."""
        real = crop_image(image, window)[..., ::-1] * np.float32(2 / 255) - np.float32(1)
        return np.ascontiguousarray(real.transpose(2, 0, 1)[None])

    def infer(self, crop: NDArray[np.float32]) -> None:
        """Run the network."""
        self._sides = self._model.run(crop)[0].reshape(-1, 2).astype(float)

    def decode(self, window: CropTransform) -> Native:
        """(98, 2)."""
        # It counts from the centre of the square's first pixel in the picture, the crop from that of its own.
        return window.crop_to_frame(self._sides * SIDE - 0.5) + 0.5

    def landmarks(self, native: Native) -> Landmarks:
        """The 68 among them."""
        return native[list(wflw_98.ibug_68_points)]


class PfldSearcher:
    """YuNet, then PFLD."""

    def __init__(self, yunet: YuNetSearcher, looker: PfldLooker) -> None:
        self._yunet, self._looker = yunet, looker

    def find(self, image: Image) -> list[Box]:
        """YuNet's part."""
        return self._yunet.boxes(image)

    def faces(self, image: Image) -> list[Face]:
        """Every face."""
        return [Face.of(self._looker.look(image, box)) for box in self.find(image)]


def pfld_peer(model: Path, yunet: Path | None = None) -> Peer:
    """The network of that file.

    Args:
        model: the ONNX file.
        yunet: YuNet's file, None: it cannot search.

    Raises:
        MissingOutsideError: no such file.
        BadInputError: another layout.
    """
    looker = PfldLooker(model)
    searcher = None if yunet is None else PfldSearcher(YuNetSearcher(yunet), looker)
    opened_by = ("pfld", str(model), *([] if yunet is None else [str(yunet)]))
    return Peer(f"PFLD {model.stem}", f"sha256:{sha256_of(model)[:8]}", opened_by, looker, searcher)

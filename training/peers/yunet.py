"""YuNet (Wu et al., 2023; Apache-2.0): a face finder with five points, run by OpenCV."""

from pathlib import Path

from device.contract.files import sha256_of
from device.contract.geometry import Box, Image
from training.finder.yunet import Detections, YuNet
from training.peers.peer import Face, Peer

MIN_SCORE = 0.6
"""As where the daemon uses it."""


class YuNetSearcher:
    """Finds faces and their five points."""

    def __init__(self, model: Path) -> None:
        """Load the ONNX file.

        Raises:
            MissingOutsideError: no such file.
            BadInputError: not a YuNet model.
        """
        self._yunet = YuNet(model, MIN_SCORE)

    def find(self, image: Image) -> Detections:
        """Every face."""
        return self._yunet.detect(image)

    def boxes(self, image: Image) -> list[Box]:
        """The landmarks' boxes, best first."""
        return [Box(*map(float, box)) for box in self.find(image).boxes]

    def faces(self, image: Image) -> list[Face]:
        """Every face."""
        found = self.find(image)
        pairs = zip(found.boxes, found.points, strict=True)
        return [Face(Box(*map(float, box)), points.astype(float), None) for box, points in pairs]


def yunet_peer(model: Path) -> Peer:
    """The finder of that file.

    Raises:
        MissingOutsideError: no such file.
        BadInputError: not a YuNet model.
    """
    searcher = YuNetSearcher(model)
    return Peer("YuNet, 5 points", f"sha256:{sha256_of(model)[:8]}", ("yunet", str(model)), searcher=searcher)

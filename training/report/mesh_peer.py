"""MediaPipe's face mesh as a predictor of the 68 points, for comparison on the same crops.

Its network of 468 points (face_landmark.tflite of MediaPipe 0.10.14, Apache-2.0) is given a crop of the same
box, and then, as MediaPipe's own tracker does it, a second one about the mesh that it found: a square of 1.5
times its longest side, the eyes level. The table of `training/pseudo_labels/mesh_table.py` makes 68 points
of it.
"""

import numpy as np
from numpy.typing import NDArray

from device.checks.bench.peer import MeshPeer, find_peer
from device.contract.errors import MissingOutsideError
from device.contract.geometry import Box, CropTransform
from device.contract.landmarks import LandmarkScheme, ibug_68
from device.tracking.crop import crop_image
from training.measure.evaluate import Predictor
from training.pseudo_labels.mesh_table import read_table

BOX_MARGIN = 1.6
"""Of the first crop over the box of the 68 points, which has no forehead."""
MESH_MARGIN = 1.5
"""Of the second over the mesh's box: MediaPipe's own scale."""
OUTER_EYE_CORNERS = (33, 263)
"""Points of the mesh."""


def mesh_predictor() -> tuple[Predictor, LandmarkScheme]:
    """MediaPipe's mesh as a predictor.

    Raises:
        MissingOutsideError: MediaPipe is not installed.
    """
    file = find_peer(None)
    if file is None:
        raise MissingOutsideError("no MediaPipe in .venv-bench; `make bench` installs it")
    peer, table = MeshPeer(file, threads=1), read_table()

    def look(image: NDArray[np.uint8], transform: CropTransform) -> NDArray[np.float64]:
        # MediaPipe's network wants red green blue.
        peer.infer(np.ascontiguousarray(crop_image(image, transform)[..., ::-1]))
        return peer.decode(transform)

    def predict(image: NDArray[np.uint8], box: Box) -> NDArray[np.float64]:
        size_wh = (peer.side, peer.side)
        first = look(image, CropTransform.for_box(box, BOX_MARGIN, size_wh))
        across = np.subtract(*first[list(OUTER_EYE_CORNERS[::-1])])
        roll = float(np.arctan2(across[1], across[0]))
        second = look(image, CropTransform.for_box(Box.around(first), MESH_MARGIN, size_wh, roll))
        return table.landmarks(second)

    return predict, ibug_68

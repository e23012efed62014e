"""MediaPipe 0.10.14 (Kartynnik et al., 2019; Apache-2.0): the network of its mesh, and FaceMesh whole.

The network runs in our interpreter, FaceMesh in an environment of its own. The mesh has 468
points; the 68 are made of it by the table of `training/pseudo_labels/mesh_table.py`.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import numpy as np

from device.checks.bench.peer import MeshPeer, find_peer, find_peer_python
from device.contract.errors import MissingOutsideError
from device.contract.geometry import Box, CropTransform, Image
from device.tracking.crop import crop_image
from training.face_mesh.mesh import FaceMesh
from training.peers.crop_looker import CropLooker, Native
from training.peers.peer import Face, Landmarks, Peer
from training.pseudo_labels.mesh_table import read_table

BOX_MARGIN = 1.6
"""Of the first crop over the box of the 68 points, which has no forehead."""
MESH_MARGIN = 1.5
"""Of the second over the mesh's box: MediaPipe's own scale."""
OUTER_EYE_CORNERS = (33, 263)
"""Points of the mesh."""
STILLS = {"static_image_mode": True, "max_num_faces": 5}
VIDEO = {"static_image_mode": False, "max_num_faces": 1}
"""FaceMesh's own defaults otherwise."""
HOW = "`make .venv-bench/.built` installs it"


class MeshLooker(CropLooker[CropTransform]):
    """The network of 468 points, face_landmark.tflite, cropped as MediaPipe's tracker crops."""

    def __init__(self) -> None:
        """Load MediaPipe's file.

        Raises:
            MissingOutsideError: MediaPipe is not installed.
        """
        file = find_peer(None)
        if file is None:
            raise MissingOutsideError(f"no MediaPipe in .venv-bench; {HOW}")
        self._peer, self._table = MeshPeer(file, threads=1), read_table()

    def window(self, box: Box) -> CropTransform:
        """An upright square."""
        return CropTransform.for_box(box, BOX_MARGIN, (self._peer.side, self._peer.side))

    def window_around(self, native: Native) -> CropTransform:
        """A square with level eyes."""
        across = np.subtract(*native[list(OUTER_EYE_CORNERS[::-1])])
        roll = float(np.arctan2(across[1], across[0]))
        size_wh = (self._peer.side, self._peer.side)
        return CropTransform.for_box(Box.around(native), MESH_MARGIN, size_wh, roll)

    def crop(self, image: Image, window: CropTransform) -> Image:
        """(192, 192, 3) uint8; MediaPipe's network wants red green blue."""
        return np.ascontiguousarray(crop_image(image, window)[..., ::-1])

    def infer(self, crop: Image) -> None:
        """Run the network."""
        self._peer.infer(crop)

    def decode(self, window: CropTransform) -> Native:
        """(468, 2)."""
        return self._peer.decode(window)

    def landmarks(self, native: Native) -> Landmarks:
        """By the table."""
        return self._table.landmarks(native)


class FaceMeshSearcher:
    """FaceMesh for single pictures, finder and all, in its own environment; a context manager."""

    def __init__(self) -> None:
        """Start it, and wait until it has answered once: installed, it may yet lack a system library.

        Raises:
            MissingOutsideError: MediaPipe is not installed, or cannot run here.
        """
        self.mesh, self._table = FaceMesh(STILLS), read_table()
        try:
            self.mesh.faces([np.zeros((16, 16, 3), np.uint8)])
        except MissingOutsideError:
            self.mesh.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.mesh.close()

    def find(self, image: Image) -> None:
        """It cannot be asked for its finder alone."""

    def faces(self, image: Image) -> Sequence[Face]:
        """Every face, as far as it looks for more."""
        meshes = self.mesh.faces([image])[0]
        return [Face.of(self._table.landmarks(mesh)) for mesh in meshes if not np.isnan(mesh).any()]


def mesh_peer() -> Peer:
    """The mesh network by itself.

    Raises:
        MissingOutsideError: MediaPipe is not installed.
    """
    return Peer("MediaPipe mesh network", media_pipe_version(), ("mesh",), looker=MeshLooker())


def face_mesh_peer(searcher: FaceMeshSearcher) -> Peer:
    """FaceMesh whole."""
    return Peer("MediaPipe FaceMesh", media_pipe_version(), (), searcher=searcher)


def media_pipe_version() -> str:
    """Of the package in `.venv-bench`.

    Raises:
        MissingOutsideError: MediaPipe is not installed.
    """
    python = find_peer_python()
    if python is None:
        raise MissingOutsideError(f"no MediaPipe in .venv-bench; {HOW}")
    folder = next(python.parents[1].glob("lib/*/site-packages/mediapipe-*.dist-info"))
    return folder.name.removesuffix(".dist-info").removeprefix("mediapipe-")

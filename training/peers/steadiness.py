"""How much the points of a still face jitter under a sensor's noise."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from device.checks.jitter.figures import FPS, filtered, jitter_of
from device.checks.jitter.sitter import EYE_DISTANCE_PX, Sitter, follow, noisy_frames
from device.contract.geometry import Box, Image
from device.contract.landmarks import ibug_68
from device.contract.metrics import interocular_distance
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.signal.settings import SignalSettings
from device.signal.smoothing import SMOOTHINGS
from training.data.sets.picture import read_face_picture
from training.data.sets.sample import Sample
from training.face_mesh.mesh import FaceMesh
from training.peers.common_points import common_points
from training.peers.line_up import LineUp
from training.peers.media_pipe import VIDEO, FaceMeshSearcher
from training.peers.own import MODELS
from training.peers.peer import Face, Searcher
from training.pseudo_labels.mesh_table import read_table

FRAMES, SETTLE = 45, 15
"""Of each face, and those of them that do not count."""

ONE_BOX, EACH, FOLLOWING = "one box", "own finder on every frame", "following"
COLUMNS = (ONE_BOX, EACH, FOLLOWING)


@dataclass(frozen=True)
class Steadiness:
    """Jitter over all faces: root mean square distance from the mean, of the eye distance, fractions."""

    median: float
    """Of the faces: the mean would be that of a finder's worst jump."""
    p90: float | None
    """What a tenth of the faces is worse than; None where more than a tenth was missed."""


def sitter_of(sample: Sample) -> Sitter:
    """A labelled face, to be shown still.

    Raises:
        BadInputError: its picture is damaged.
    """
    eyes = interocular_distance(sample.landmarks, ibug_68)
    return Sitter(sample.name, read_face_picture(sample), sample.box, eyes)


Jitters = dict[str, dict[str, float]]
"""By column and peer, of the eye distance; infinite where the face was missed."""

Seen = Mapping[str, Sequence[NDArray[np.float64] | None]]
"""Landmarks of every frame, pixels, by peer; None where the face was missed."""

Film = list[tuple[Image, Box]]
"""Frames, and where the face is in each."""


def _jitter(seen: Sequence[NDArray[np.float64] | None], points: Sequence[int]) -> float:
    """Of the settled frames, eye distances; infinite where the face was missed."""
    settled = [each for each in seen[SETTLE:] if each is not None]
    if len(settled) < FRAMES - SETTLE:
        return float("inf")
    return jitter_of(np.stack(settled)[:, list(points)]) / EYE_DISTANCE_PX


def _found(searcher: Searcher, image: Image, box: Box) -> NDArray[np.float64] | None:
    faces: Sequence[Face] = searcher.faces(image)
    best = max(faces, key=lambda face: face.box.iou(box), default=None)
    return None if best is None else best.landmarks


class Followers:
    """The programs that follow a face through a film: ours, with its filter, and FaceMesh in video mode."""

    def __init__(self, mesh: FaceMesh | None) -> None:
        self._networks = {f"landmarks {name}": LandmarkNetwork(find_model(name)) for name in MODELS}
        self._mesh, self._smoothing = mesh, SMOOTHINGS[SignalSettings().smoothing]

    def seen(self, sitter: Sitter, film: Film) -> Seen:
        """What each makes of a film."""
        seen: dict[str, Sequence[NDArray[np.float64] | None]] = {}
        for name, network in self._networks.items():
            points = follow(sitter, np.zeros(FRAMES), network, FPS)
            seen[name] = (
                [None] if points is None else list(EYE_DISTANCE_PX * filtered(points, self._smoothing))
            )
        if self._mesh is not None:
            # A black frame, so that this face is not taken for the one before it.
            frames = [np.zeros_like(film[0][0]), *(image for image, _ in film)]
            meshes = self._mesh.landmarks(frames)[1:]
            table = read_table()
            seen["MediaPipe FaceMesh"] = [
                None if np.isnan(mesh).any() else table.landmarks(mesh) for mesh in meshes
            ]
        return seen


def _one_face(peers: LineUp, followers: Followers, sitter: Sitter, points: Sequence[int]) -> Jitters:
    """Jitter of one face."""
    film = list(noisy_frames(sitter, np.zeros(FRAMES)))
    box = film[0][1]
    looked = {
        peer.name: [peer.looker.look(image, box) for image, _ in film]
        for peer in peers.peers
        if peer.looker is not None
    }
    found = {
        peer.name: [_found(peer.searcher, image, box) for image, _ in film]
        for peer in peers.peers
        if peer.searcher is not None
    }
    columns: dict[str, Seen] = {ONE_BOX: looked, EACH: found, FOLLOWING: followers.seen(sitter, film)}
    return {
        column: {name: _jitter(seen, points) for name, seen in rows.items()}
        for column, rows in columns.items()
    }


def _over_faces(jitters: Sequence[float]) -> Steadiness | None:
    """None where most faces were missed, as by a peer without landmarks."""
    median, p90 = np.percentile(jitters, (50, 90), method="nearest").tolist()
    return Steadiness(median, p90 if np.isfinite(p90) else None) if np.isfinite(median) else None


def measure_steadiness(peers: LineUp, sitters: Sequence[Sitter]) -> dict[str, dict[str, Steadiness | None]]:
    """By column and peer.

    Raises:
        BadInputError: a picture is damaged.
    """
    jaw = ibug_68.groups["jaw"]
    points = [point for point in common_points(peers.peers) if point not in jaw]
    with ExitStack() as stack:
        has_mesh = any(isinstance(peer.searcher, FaceMeshSearcher) for peer in peers.peers)
        followers = Followers(stack.enter_context(FaceMesh(VIDEO)) if has_mesh else None)
        bar = tqdm(sitters, desc="steadiness", unit="face")
        each = [_one_face(peers, followers, sitter, points) for sitter in bar]
    names = [peer.name for peer in peers.peers]
    return {
        column: {name: _over_faces([face[column].get(name, np.inf) for face in each]) for name in names}
        for column in COLUMNS
    }

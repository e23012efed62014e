"""Which peers are at hand, and how those that are not could be."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from device.contract.errors import MissingOutsideError
from training.peers.dlib_shape import dlib_peer
from training.peers.media_pipe import HOW, FaceMeshSearcher, face_mesh_peer, mesh_peer
from training.peers.openseeface import openseeface_peer
from training.peers.own import MODELS, own_peer
from training.peers.peer import Peer
from training.peers.pfld import pfld_peer
from training.peers.yunet import yunet_peer

HOW_TO_GIVE = {
    "openseeface": "OpenSeeFace: `OPENSEEFACE=` its folder `models`",
    "pfld": "PFLD: `PFLD=` PFLD_GhostOne_112_1_opt_sim.onnx",
    "yunet": "YuNet: `YUNET=` face_detection_yunet_2023mar.onnx",
    "dlib": "dlib: `DLIB=` shape_predictor_68_face_landmarks.dat, and `.venv/bin/pip install dlib-bin`",
}


@dataclass(frozen=True)
class Given:
    """What the user has given."""

    openseeface: Path | None = None
    """Its folder `models`, or one of its lm_model files."""
    pfld: Path | None = None
    """ONNX file."""
    yunet: Path | None = None
    """ONNX file."""
    dlib: Path | None = None
    """A shape predictor's file."""


@dataclass(frozen=True)
class LineUp:
    """The peers of one run."""

    peers: tuple[Peer, ...]
    missing: tuple[str, ...]
    """A sentence for each that was not measured, with how to give it."""

    @property
    def lookers(self) -> list[Peer]:
        """Those that can be told where the face is."""
        return [peer for peer in self.peers if peer.looker is not None]

    @property
    def searchers(self) -> list[Peer]:
        """Those that find faces."""
        return [peer for peer in self.peers if peer.searcher is not None]

    @property
    def versions(self) -> dict[str, str]:
        """By name."""
        return {peer.name: peer.version for peer in self.peers}


@contextmanager
def line_up(given: Given) -> Iterator[LineUp]:
    """Open every peer that is at hand, and close it on leaving.

    Raises:
        MissingOutsideError: a file that was given is not there, or dlib is not installed.
        BadInputError: a file is of another layout.
    """
    peers, missing = [own_peer(name) for name in MODELS], list[str]()
    with ExitStack() as stack:
        ways = {**_media_pipe(stack), **_others(given)}
        for how, peer in ways.items():
            if peer is None:
                missing.append(how)
            else:
                peers.append(peer)
        yield LineUp(tuple(peers), tuple(missing))


def _media_pipe(stack: ExitStack) -> dict[str, Peer | None]:
    """MediaPipe's network, and the program whole, which wants more of the machine; each by how to have it."""
    ways: dict[str, Peer | None] = {}
    for how, open_peer in (
        (f"MediaPipe's mesh network: {HOW}", mesh_peer),
        (f"MediaPipe's FaceMesh: {HOW}, and OpenCV in it wants Debian's libgl1 and libglib2.0-0",
         lambda: face_mesh_peer(stack.enter_context(FaceMeshSearcher()))),
    ):  # fmt: skip
        try:
            ways[how] = open_peer()
        except MissingOutsideError:
            ways[how] = None
    return ways


def _others(given: Given) -> dict[str, Peer | None]:
    """Each peer that is read from a file, by how to give it."""
    ways: dict[str, Peer | None] = dict.fromkeys(HOW_TO_GIVE.values())
    if given.openseeface is not None:
        ways[HOW_TO_GIVE["openseeface"]] = openseeface_peer(given.openseeface)
    if given.pfld is not None:
        ways[HOW_TO_GIVE["pfld"]] = pfld_peer(given.pfld, given.yunet)
    if given.yunet is not None:
        ways[HOW_TO_GIVE["yunet"]] = yunet_peer(given.yunet)
    if given.dlib is not None:
        ways[HOW_TO_GIVE["dlib"]] = dlib_peer(given.dlib)
    return ways

"""The pictures of README.md and the site: faces with the landmarks that the small model finds.

Nobody's photograph is in them: the faces are rendered from VALID's avatars (MIT) and drawn by this project.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from device.contract.errors import BadInputError, WriteFailedError
from device.contract.files import write_whole
from device.finders.open import open_finder
from device.finders.settings import DEFAULT_FINDER
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.messages.frame import FrameInfo, FrameMessage, TimingMs
from device.signal.reader import Reader
from device.signal.settings import SignalSettings
from device.sinks.annotated.drawing import annotate
from device.sources.demo_path import FACE_BOX
from device.sources.demo_picture import DRAWN_FACE, DRAWN_SCALE
from device.tracking.tracker import Tracker
from training.data.sets.picture import read_picture
from training.rendered.avatar import Avatar
from training.rendered.dataset import heads_in
from training.rendered.draw import Sitter
from training.rendered.renderer import Renderer
from training.rendered.scene import HeadAngles
from training.rendered.talking import room_lights
from training.rendered.turning import FACE_FRACTION, TurningHead

MODEL = "small"
SIDE = 320
"""Of a picture, pixels."""

FRAMES, FPS = 48, 15
"""Of the animation, which loops."""

ANIMATED = "Hispanic_F_2"
"""Who turns in the animation: one of those held out, whom no model has seen."""

POSES: Sequence[tuple[str, HeadAngles, dict[str, float]]] = (
    ("White_M_2", HeadAngles(-32, 4, -6), {"RsmileClose": 0.8, "LsmileClose": 0.8}),
    ("Black_F_2", HeadAngles(24, 8, 8), {"MouthOpen": 0.6}),
    ("Asian_M_3", HeadAngles(48, -4, 3), {}),
)
"""The rendered heads of the still picture: who, turned how, with which morphs."""

MAX_STILL_BYTES, MAX_ANIMATION_BYTES = 150_000, 600_000
QUALITIES = range(90, 20, -5)
"""Of WebP; the first that is small enough is taken."""


class Finder:
    """Finds the faces of frames and draws them in."""

    def __init__(self) -> None:
        self._network = LandmarkNetwork(find_model(MODEL))
        self._tracker = Tracker(self._network, open_finder(DEFAULT_FINDER, 1))
        self._reader = Reader(SignalSettings())
        self._frames = 0

    def draw(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The next frame with its faces.

        Raises:
            BadInputError: no face was found.
        """
        seconds, (height, width) = self._frames / FPS, picture.shape[:2]
        tracked = self._tracker.track(picture, round(seconds * 1e9))
        # Without the pose, whose words are wider than the picture.
        faces = [replace(face, pose=None) for face in self._reader.read(tracked, (width, height), seconds)]
        if not faces:
            raise BadInputError(f"no face was found in frame {self._frames}; give VALID's avatars")
        message = FrameMessage(
            "pictures", self._frames, 0, 0, FrameInfo(width, height), faces, TimingMs(0, 0, 0, 0, 0),
            self._network.manifest.identity,
        )  # fmt: skip
        self._frames += 1
        return annotate(picture, message)


def animation(head: TurningHead) -> list[NDArray[np.uint8]]:
    """The loop of a head. It is played twice and drawn the second time, when the filter has settled."""
    finder, frames = Finder(), list(head.play())
    return [finder.draw(frame) for frame in [*frames, *frames]][len(frames) :]


def still(renderer: Renderer, avatars: Path) -> NDArray[np.uint8]:
    """Three rendered heads and the drawn face, side by side."""
    tiles = []
    for name, angles, morphs in POSES:
        sitter = Sitter(Avatar(_head(avatars, name)), renderer)
        tiles.append(Finder().draw(TurningHead(sitter, room_lights(), 1).draw(angles, morphs)))
        sitter.close()
    tiles.append(Finder().draw(drawn_head()))
    return np.asarray(cv2.hconcat(tiles), np.uint8)


def drawn_head() -> NDArray[np.uint8]:
    """(SIDE, SIDE, 3) BGR: the head of the demo's drawn face."""
    box, picture = FACE_BOX, read_picture(DRAWN_FACE)
    half = DRAWN_SCALE * max(box.width, box.height) / FACE_FRACTION / 2
    x, y = (DRAWN_SCALE * place for place in box.centre_xy)
    left, right, top, bottom = (max(0, round(edge)) for edge in (x - half, x + half, y - half, y + half))
    cut = picture[top:bottom, left:right]
    return np.asarray(cv2.resize(cut, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _head(avatars: Path, name: str) -> Path:
    """The file of one of the people held out.

    Raises:
        BadInputError: it is not there.
    """
    found = [path for path in heads_in(avatars, held_out=True) if path.stem == name]
    if not found:
        raise BadInputError(f"no {name}.glb in {avatars}; wanted the VALID avatars")
    return found[0]


def write_pictures(avatars: Path, folder: Path) -> list[Path]:
    """Write `faces.webp` and `head.webp`; their paths.

    Raises:
        BadInputError: an avatar is missing or damaged, or its face is not found.
        MissingOutsideError: OpenGL cannot be used.
        WriteFailedError: the folder cannot be written.
    """
    renderer = Renderer(SIDE)
    try:
        picture = still(renderer, avatars)
        sitter = Sitter(Avatar(_head(avatars, ANIMATED)), renderer)
        frames = animation(TurningHead(sitter, room_lights(), FRAMES))
    finally:
        renderer.close()
    written = [folder / "faces.webp", folder / "head.webp"]
    folder.mkdir(parents=True, exist_ok=True)
    for path, content, limit in zip(
        written, ([picture], frames), (MAX_STILL_BYTES, MAX_ANIMATION_BYTES), strict=True
    ):
        write_webp(path, content, limit)
    return written


def write_webp(path: Path, frames: Sequence[NDArray[np.uint8]], limit: int) -> None:
    """Write one picture, or several as an animation that loops, in the best quality that fits.

    Args:
        path: of the file.
        frames: (H, W, 3) BGR each.
        limit: most bytes.

    Raises:
        WriteFailedError: it does not fit, or cannot be written.
    """

    def write(beside: Path) -> None:
        for quality in QUALITIES:
            _encode(beside, frames, quality)
            if beside.stat().st_size <= limit:
                return
        raise WriteFailedError(f"{path}: does not fit into {limit} bytes; draw fewer or smaller frames")

    write_whole(path, write)


def _encode(path: Path, frames: Sequence[NDArray[np.uint8]], quality: int) -> None:
    """Write a WebP file, whatever its name ends in."""
    with tempfile.TemporaryDirectory() as folder:
        made, options = Path(folder) / "made.webp", [cv2.IMWRITE_WEBP_QUALITY, quality]
        if len(frames) == 1:
            cv2.imwrite(str(made), frames[0], options)
        else:
            shown = cv2.Animation()
            shown.frames, shown.durations = list(frames), [round(1000 / FPS)] * len(frames)
            cv2.imwriteanimation(str(made), shown, options)
        path.write_bytes(made.read_bytes())

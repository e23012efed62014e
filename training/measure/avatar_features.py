"""How well OpenSeeFace's features, as `udp-osf:` sends them, tell known expressions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes
from device.contract.landmarks import ibug_68
from device.finders.open import open_finder
from device.finders.settings import DEFAULT_FINDER
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.messages.messages import FrameInfo, FrameMessage, TimingMs
from device.signal.reader import Reader
from device.signal.settings import SignalSettings
from device.sinks import avatar
from device.sinks.avatar.osf import PACKET, OsfFace, pack_face
from device.sinks.avatar.osf_features import FEATURE_NAMES, OsfFeatures
from device.sources.demo_photo import load_photo
from device.tracking.tracker import Tracker
from training.measure.animated_photo import AnimatedPhoto
from training.rendered.avatar import Avatar
from training.rendered.draw import Sitter
from training.rendered.renderer import Renderer
from training.rendered.talking import TalkingFrame, TalkingHead, room_lights

Array = NDArray[np.float64]

PAGE = Path(avatar.__file__).with_name("README.md")

BEGIN, END = "<!-- measured by `python -m training avatar-features` -->", "<!-- end of what is measured -->"

SIDE = 320
"""Of the picture, pixels: a face of 160."""

NANOSECONDS = 10**9

SIGNS: Mapping[str, Mapping[str, int]] = {
    "eyes closed": {"eye": -1},
    "brows up": {"eyebrow_updown": 1, "eyebrow_quirk": 1},
    "brows down": {"eyebrow_updown": -1, "eyebrow_quirk": -1},
    "inner brows up": {"eyebrow_steepness": 1},
    "smile": {"mouth_corner_updown": -1, "mouth_corner_inout": 1, "mouth_wide": 1},
    "corners of the mouth down": {"mouth_corner_updown": 1},
    "mouth open": {"mouth_open": 1},
    "kiss": {"mouth_corner_inout": -1, "mouth_wide": -1},
}
"""Sign that OpenSeeFace gives a feature at the height of an expression."""


@dataclass(frozen=True, eq=False)
class Played:
    """The features of one head over its script."""

    name: str
    expressions: tuple[str, ...]
    """(T,) name of the expression of each frame."""
    heights: Array
    """(T,) how much of it is made."""
    tracked: Array
    """(T, 14) as the sink sends them, of the landmarks that the device finds."""
    exact: Array
    """(T, 14) of the landmarks as they are."""


def play(name: str, video: Iterable[TalkingFrame], network: LandmarkNetwork) -> Played:
    """Follow one face through the script.

    Raises:
        BadInputError: the face was not found.
    """
    tracker, reader = Tracker(network, open_finder(DEFAULT_FINDER, 1)), Reader(SignalSettings())
    known, of_exact = OsfFace(0), OsfFeatures()
    rows = []
    for frame in video:
        faces = reader.read(tracker.track(frame.image), (SIDE, SIDE), frame.seconds)
        if not faces:
            raise BadInputError(f"the face of {name} was not found at {frame.seconds:.1f} s")
        packet = pack_face(faces[0], _message(frame, network), known, turns_true=True)
        rows.append(
            (frame, PACKET.unpack(packet)[-len(FEATURE_NAMES) :], of_exact.read(in_osf(frame.points)))
        )
    frames, tracked, exact = zip(*rows, strict=True)
    return Played(
        name,
        tuple(frame.expression for frame in frames),
        np.array([frame.height for frame in frames]),
        np.array(tracked),
        np.array(exact),
    )


def in_osf(points: Array) -> Array:
    """(68, 3) in OpenSeeFace's head axes, of points to the subject's left, up and out of the face."""
    return np.asarray((points - points[ibug_68.nose_tip]) * [-1, 1, 1], np.float64)


def _message(frame: TalkingFrame, network: LandmarkNetwork) -> FrameMessage:
    """What the packet needs of a frame beside its face."""
    captured_ns = round(frame.seconds * NANOSECONDS)
    info, timing = FrameInfo(SIDE, SIDE), TimingMs(0, 0, 0, 0, 0)
    return FrameMessage("rendered", 0, captured_ns, captured_ns, info, (), timing, network.manifest.identity)


def at_heights(played: Sequence[Played], expression: str, feature: str) -> Array:
    """(N,) a feature where an expression is nearly at its height, in all heads."""
    column = FEATURE_NAMES.index(feature)
    chosen = [
        each.tracked[(np.array(each.expressions) == expression) & (each.heights > 0.8), column]
        for each in played
    ]
    return np.concatenate(chosen)


def spreads(played: Sequence[Played]) -> tuple[Array, Array]:
    """(14,) standard deviations of what is sent, and of what exact landmarks give; means over the heads."""
    return (
        np.mean([each.tracked.std(axis=0) for each in played], axis=0),
        np.mean([each.exact.std(axis=0) for each in played], axis=0),
    )


def cases() -> list[tuple[str, str, int]]:
    """Expression, feature and sign of every expectation, both sides of the face."""
    return [
        (expression, name, sign)
        for expression, signs in SIGNS.items()
        for stem, sign in signs.items()
        for name in FEATURE_NAMES
        if name == stem or name.removesuffix("_l").removesuffix("_r") == stem
    ]


def table(played: Sequence[Played]) -> str:
    """Markdown: each feature with its spread, and its value at the height of expressions that move it."""
    sent, exact = spreads(played)
    lines = [
        "| feature | at the height of | spread sent | spread of exact landmarks | ratio |",
        "| --- | --- | --- | --- | --- |",
    ]
    for column, name in enumerate(FEATURE_NAMES):
        heights = ", ".join(
            f"{expression} {at_heights(played, expression, name).mean():+.2f}"
            for expression, feature, _ in cases()
            if feature == name
        )
        ratio = sent[column] / exact[column]
        lines.append(f"| `{name}` | {heights} | {sent[column]:.2f} | {exact[column]:.2f} | {ratio:.2f} |")
    return "\n".join(lines)


def measure(avatars: Sequence[Path], model: str) -> str:
    """What was measured: Markdown with a table of the rendered heads, and one of the demo photograph.

    Raises:
        UsageError: no such model.
        BadInputError: an avatar is damaged, or a face is not found.
        MissingOutsideError: OpenGL cannot be used, or there is no demo photograph.
    """
    network = LandmarkNetwork(find_model(model))
    heads = play_heads(avatars, network)
    names = ", ".join(each.name for each in heads)
    photo = demo_photo(network)
    return "\n\n".join(
        [
            f"{network.manifest.identity}; rendered heads {names}:",
            table(heads),
            f"{photo.name}, its landmarks moved by known distances and the picture with them:",
            table([play(photo.name, photo.play(), network)]),
        ]
    )


def play_heads(avatars: Sequence[Path], network: LandmarkNetwork) -> list[Played]:
    """Each head's features."""
    renderer, played = Renderer(SIDE), []
    try:
        for path in avatars:
            sitter = Sitter(Avatar(path), renderer)
            head = TalkingHead(sitter, room_lights())
            played.append(play(path.stem, head.play(), network))
            sitter.close()
    finally:
        renderer.close()
    return played


def demo_photo(network: LandmarkNetwork) -> AnimatedPhoto:
    """The demo photograph, with the landmarks that the network finds on it."""
    picture = load_photo()
    (face, *_) = Tracker(network, open_finder(DEFAULT_FINDER, 1)).track(picture).faces
    return AnimatedPhoto.around("The demo photograph", picture, face.landmarks_frame, SIDE)


def write_page(page: Path, measured: str) -> None:
    """Put what was measured between the page's marks.

    Raises:
        BadInputError: the page lacks its marks.
    """
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise BadInputError(f"{page} lacks {BEGIN} or {END}; write them where the table should stand")
    write_whole_bytes(page, f"{before}{begin}\n\n{measured}\n\n{end}{after}".encode())

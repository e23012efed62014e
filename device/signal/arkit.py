"""ARKit's blend shapes from our signals, for what was made for a phone's face tracker."""

from collections.abc import Mapping

from device.messages.arkit import ARKIT_NAMES
from device.messages.messages import FaceMessage

Shapes = dict[str, float]


def arkit_shapes(signals: Mapping[str, float]) -> Shapes:
    """The shapes of `ARKIT_NAMES`, 0 to 1, in their order; what rests on an unknown signal is 0.

    Args:
        signals: by name, those of the stream or all that are measured.
    """
    values = _mouth(signals) | _brow_middle(signals)
    for side in ("left", "right"):
        values |= _half(signals, side)
    return {name: min(max(values[name], 0.0), 1.0) for name in ARKIT_NAMES}


def shapes_of(face: FaceMessage | None) -> Shapes:
    """The shapes of a face of the stream: as told by it, or from its signals; without a face, at rest."""
    if face is None:
        return arkit_shapes({})
    return dict(face.arkit) if face.arkit is not None else arkit_shapes(face.signals or {})


def _half(signals: Mapping[str, float], side: str) -> Shapes:
    """Shapes that either half of the face has."""

    def of(name: str) -> float:
        return signals.get(f"{name}_{side}", 0.0)

    suffix, smile, width = side.capitalize(), of("smile"), signals.get("mouth_width", 0.0)
    return {
        f"eyeBlink{suffix}": 1 - signals.get(f"eye_open_{side}", 1.0),
        f"eyeWide{suffix}": of("eye_wide"),
        f"mouthSmile{suffix}": smile,
        f"mouthFrown{suffix}": -smile,
        # A smile widens the mouth too, and has a shape of its own.
        f"mouthStretch{suffix}": width - max(smile, 0.0),
        f"mouthPress{suffix}": signals.get("lip_press", 0.0),
        f"mouthLowerDown{suffix}": of("lower_lip"),
        f"mouthUpperUp{suffix}": of("upper_lip"),
        f"browDown{suffix}": max(-(of("brow_inner") + of("brow_outer")) / 2, signals.get("brow_frown", 0.0)),
        f"browOuterUp{suffix}": of("brow_outer"),
    }


def _mouth(signals: Mapping[str, float]) -> Shapes:
    """Shapes of jaw and mouth as a whole."""
    jaw, gap = signals.get("jaw_open", 0.0), signals.get("mouth_open", 0.0)
    pucker, aside = signals.get("pucker", 0.0), signals.get("mouth_sideways", 0.0)
    chin = signals.get("jaw_sideways", 0.0)
    return {
        "jawOpen": jaw,
        "jawLeft": chin,
        "jawRight": -chin,
        "mouthClose": jaw - gap,
        "mouthFunnel": pucker * gap,
        "mouthPucker": pucker * (1 - gap),
        "mouthLeft": aside,
        "mouthRight": -aside,
    }


def _brow_middle(signals: Mapping[str, float]) -> Shapes:
    """Of both brows at once, as ARKit has it."""
    inner = (signals.get("brow_inner_left", 0.0) + signals.get("brow_inner_right", 0.0)) / 2
    return {"browInnerUp": inner}

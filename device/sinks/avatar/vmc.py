"""The sink `osc-vmc:`: blend shapes and the head bone for avatars, by the VMC protocol (protocol.vmc.info).

One OSC bundle a frame, of the face that has been followed longest: shapes by the names that the avatar
has, the head's turn, and whether there is a face. Axes are Unity's: x to the avatar's right, y up, z forward,
so the avatar turns as the subject does, to its own left when the subject does.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from device.config.address import Address, Scheme
from device.contract.rotation import rotation_of
from device.messages.messages import FaceMessage, FrameMessage, Pose
from device.signal.arkit import shapes_of
from device.sinks.avatar.osc import osc_bundle, osc_message
from device.sinks.avatar.quaternion import Quaternion, near, quaternion_of
from device.sinks.avatar.udp import AvatarSink, Datagrams, check_receiver, followed_longest, open_datagrams

DEFAULT_PORT = 39540
"""Port of programs that assist a performer; 39539 belongs to the program that draws."""

LOADED, CALIBRATED, NORMAL_MODE = 1, 3, 0
"""Arguments of `/VMC/Ext/OK`: a model is loaded, it is calibrated, in the normal mode."""

NOWHERE = (0.0, 0.0, 0.0)
"""Position of the head bone, which only the avatar's own skeleton knows."""

Shapes = dict[str, float]


@dataclass(frozen=True)
class VmcOptions:
    """Options of `osc-vmc:`."""

    shapes: Literal["vrm", "perfectsync", "arkit"] = "vrm"
    """`vrm`: presets of VRM 0 and VRM 1; `perfectsync`: ARKit's shapes as avatars with Perfect Sync name
    them, `EyeBlinkLeft`; `arkit`: the same as ARKit names them, `eyeBlinkLeft`."""
    head: Literal["turn", "off"] = "turn"
    """`turn`: the head bone with a turn and no position; `off`: no bone, for a receiver that moves bones to
    the position that they are sent with."""


def vrm_shapes(face: FaceMessage | None) -> Shapes:
    """The presets that 68 points can tell, by their names in VRM 0 and VRM 1; vowels add up to 1 at most."""
    arkit, signals = shapes_of(face), (None if face is None else face.signals) or {}
    smile = (arkit["mouthSmileLeft"] + arkit["mouthSmileRight"]) / 2
    gap = _within(signals.get("mouth_open", 0.0))
    wide, pucker = signals.get("mouth_width", 0.0), signals.get("pucker", 0.0)
    narrow, wide = _within(max(pucker, -wide)), _within(wide)
    # Wide and narrow exclude each other, but for noise.
    narrow, wide = (narrow, 0.0) if narrow > wide else (0.0, wide)
    presets = {
        ("Blink_L", "blinkLeft"): arkit["eyeBlinkLeft"],
        ("Blink_R", "blinkRight"): arkit["eyeBlinkRight"],
        ("A", "aa"): gap * (1 - wide - narrow),
        ("I", "ih"): wide * (1 - gap),
        ("U", "ou"): narrow * (1 - gap),
        ("E", "ee"): wide * gap,
        ("O", "oh"): narrow * gap,
        ("Joy", "happy"): smile,
    }
    return {name: value for names, value in presets.items() for name in names}


def perfect_sync_shapes(face: FaceMessage | None) -> Shapes:
    """ARKit's shapes by the names of Perfect Sync, which begin with capitals."""
    return {name[0].upper() + name[1:]: value for name, value in shapes_of(face).items()}


SHAPES: dict[str, Callable[[FaceMessage | None], Shapes]] = {
    "vrm": vrm_shapes,
    "perfectsync": perfect_sync_shapes,
    "arkit": shapes_of,
}
"""A face's shapes, by the option `shapes`; without a face, those at rest."""


def _within(value: float) -> float:
    return min(max(value, 0.0), 1.0)


class VmcSink(AvatarSink):
    """Sends a bundle at every frame, and while no frames come one that brings the avatar to rest."""

    def __init__(self, datagrams: Datagrams, options: VmcOptions) -> None:
        super().__init__(datagrams)
        self._shapes, self._sends_head = SHAPES[options.shapes], options.head == "turn"
        self._begun = time.monotonic()
        self._turn: Quaternion | None = None

    def frame_datagram(self, frame: FrameMessage, faces: Sequence[FaceMessage]) -> bytes | None:  # noqa: ARG002
        """What there is of one face; without one only that there is none, and the avatar stays as it was."""
        face = followed_longest(faces)
        messages = self._state(tracking=face is not None)
        if face is not None and self._sends_head and face.pose is not None and face.pose.finite:
            messages.append(self._head(face.pose))
        if face is not None and face.signals is not None:
            messages += _blend_messages(self._shapes(face))
        return osc_bundle(messages)

    def outage_datagram(self) -> bytes | None:
        """No face, and every blend shape at rest."""
        return osc_bundle([*self._state(tracking=False), *_blend_messages(self._shapes(None))])

    def _state(self, *, tracking: bool) -> list[bytes]:
        return [
            osc_message("/VMC/Ext/OK", LOADED, CALIBRATED, NORMAL_MODE, int(tracking)),
            osc_message("/VMC/Ext/T", time.monotonic() - self._begun),
        ]

    def _head(self, pose: Pose) -> bytes:
        # Unity's axes are ours turned round, all three, which leaves the matrix of a turn as it is.
        turn = quaternion_of(rotation_of(pose.yaw, pose.pitch, pose.roll))
        self._turn = near(turn, self._turn)
        return osc_message("/VMC/Ext/Bone/Pos", "Head", *NOWHERE, *self._turn)


def _blend_messages(shapes: Mapping[str, float]) -> list[bytes]:
    values = [osc_message("/VMC/Ext/Blend/Val", name, float(value)) for name, value in shapes.items()]
    return [*values, osc_message("/VMC/Ext/Blend/Apply")]


def open_vmc(address: Address[VmcOptions]) -> VmcSink:
    """A sender to HOST:PORT.

    Raises:
        UsageError: an address that cannot be understood.
        MissingOutsideError: no such host.
    """
    return VmcSink(open_datagrams(address, DEFAULT_PORT), address.options)


SCHEME = Scheme(
    "osc-vmc:HOST[:PORT]",
    "VMC protocol: blend shapes and the head bone, for avatars",
    VmcOptions,
    open_vmc,
    check=check_receiver,
)

"""The sink `osc-vmc:`: blend shapes and the head bone for avatars, by the VMC protocol (protocol.vmc.info).

One OSC bundle a frame, of the face that has been followed longest: shapes by ARKit's names and by
those of VRM 0, the head's turn, and whether there is a face. Axes are Unity's: x to the avatar's
right, y up, z forward, so the avatar turns as the subject does, to its own left when the subject does.
"""

import struct
import time
from collections.abc import Mapping

from device.config.address import Address, NoOptions, Scheme
from device.contract.landmarks import ibug_68
from device.contract.rotation import rotation_of
from device.messages.messages import FaceMessage, FrameMessage, Message, Status
from device.sinks.avatar.osf import quaternion_of
from device.sinks.avatar.udp import Datagrams, open_datagrams
from device.sinks.outage import is_outage
from device.support.condition import Condition

DEFAULT_PORT = 39540
"""Port of programs that assist a performer; 39539 belongs to the program that draws."""

LOADED, CALIBRATED, NORMAL_MODE = 1, 3, 0
"""Arguments of `/VMC/Ext/OK`: a model is loaded, it is calibrated, in the normal mode."""


def arkit_shapes(signals: Mapping[str, float]) -> dict[str, float]:
    """ARKit's shapes that follow from our signals, 0 to 1, by its names; what is unknown is at rest."""
    shapes: dict[str, float] = {}
    for side in ("Left", "Right"):
        lower = side.lower()
        inner, outer = signals.get(f"brow_inner_{lower}", 0.0), signals.get(f"brow_outer_{lower}", 0.0)
        smile = signals.get(f"smile_{lower}", 0.0)
        shapes |= {
            f"eyeBlink{side}": 1 - signals.get(f"eye_open_{lower}", 1.0),
            f"browDown{side}": max(-(inner + outer) / 2, signals.get("brow_frown", 0.0)),
            f"browOuterUp{side}": outer,
            f"mouthSmile{side}": smile,
            f"mouthFrown{side}": -smile,
            f"mouthStretch{side}": signals.get("mouth_width", 0.0),
            f"mouthPress{side}": signals.get("lip_press", 0.0),
        }
    sideways = signals.get("mouth_sideways", 0.0)
    inner_up = (signals.get("brow_inner_left", 0.0) + signals.get("brow_inner_right", 0.0)) / 2
    shapes |= {
        "browInnerUp": inner_up,
        "jawOpen": signals.get("jaw_open", 0.0),
        "mouthPucker": signals.get("pucker", 0.0),
        "mouthLeft": sideways,
        "mouthRight": -sideways,
    }
    return {name: min(max(value, 0.0), 1.0) for name, value in shapes.items()}


def vrm_shapes(arkit: Mapping[str, float], mouth_open: float) -> dict[str, float]:
    """The presets of VRM 0, for avatars without ARKit's shapes."""
    return {
        "Blink_L": arkit["eyeBlinkLeft"],
        "Blink_R": arkit["eyeBlinkRight"],
        "A": min(max(mouth_open, 0.0), 1.0),
        "I": (arkit["mouthStretchLeft"] + arkit["mouthStretchRight"]) / 2,
        "U": arkit["mouthPucker"],
        "Joy": (arkit["mouthSmileLeft"] + arkit["mouthSmileRight"]) / 2,
    }


def _padded(data: bytes) -> bytes:
    """An OSC string: at least one zero byte, then up to a multiple of four."""
    return data + bytes(4 - len(data) % 4)


def osc_message(address: str, *values: str | float) -> bytes:
    """One OSC 1.0 message of texts, whole numbers and float32."""
    tags, body = ",", b""
    for value in values:
        match value:
            case str():
                tags, body = tags + "s", body + _padded(value.encode())
            case int():
                tags, body = tags + "i", body + struct.pack(">i", value)
            case _:
                tags, body = tags + "f", body + struct.pack(">f", value)
    return _padded(address.encode()) + _padded(tags.encode()) + body


def osc_bundle(messages: list[bytes]) -> bytes:
    """Several messages in one datagram, to be taken at once."""
    at_once = struct.pack(">Q", 1)
    return _padded(b"#bundle") + at_once + b"".join(struct.pack(">i", len(one)) + one for one in messages)


def vmc_messages(face: FaceMessage | None, seconds: float) -> list[bytes]:
    """The messages of one frame; without a face only that there is none, and the avatar stays as it was."""
    tracking = int(face is not None)
    messages = [
        osc_message("/VMC/Ext/OK", LOADED, CALIBRATED, NORMAL_MODE, tracking),
        osc_message("/VMC/Ext/T", float(seconds)),
    ]
    if face is None:
        return messages
    if face.pose is not None and face.pose.finite:
        # Unity's axes are ours turned round, all three, which leaves the matrix of a turn as it is.
        turn = quaternion_of(rotation_of(face.pose.yaw, face.pose.pitch, face.pose.roll))
        messages.append(osc_message("/VMC/Ext/Bone/Pos", "Head", 0.0, 0.0, 0.0, *turn))
    if face.signals is not None:
        arkit = arkit_shapes(face.signals)
        shapes = arkit | vrm_shapes(arkit, face.signals.get("mouth_open", 0.0))
        messages += _blend_messages(shapes)
    return messages


def _blend_messages(shapes: Mapping[str, float]) -> list[bytes]:
    values = [osc_message("/VMC/Ext/Blend/Val", name, float(value)) for name, value in shapes.items()]
    return [*values, osc_message("/VMC/Ext/Blend/Apply")]


def at_rest() -> list[bytes]:
    """Every blend shape at rest."""
    arkit = arkit_shapes({})
    return _blend_messages(arkit | vrm_shapes(arkit, 0.0))


class VmcSink:
    """Sends a bundle at every frame, and while no frames come one that brings the avatar to rest."""

    needed_scheme = ibug_68.name

    def __init__(self, datagrams: Datagrams) -> None:
        self._datagrams = datagrams
        self._begun = time.monotonic()
        self._outage = False

    @property
    def condition(self) -> Condition:
        """Whether datagrams can be sent."""
        return self._datagrams.condition

    def publish(self, message: Message, line: bytes) -> None:  # noqa: ARG002 - other sinks read it
        """Send a frame's face; in an outage, at every other message, that there is none."""
        if isinstance(message, FrameMessage):
            self._outage = False
            # Ids rise, so the lowest is the face that has been there longest.
            faces = [face for face in message.faces_of(self.needed_scheme) if face.finite]
            face = min(faces, key=lambda one: one.id, default=None)
            self._send(vmc_messages(face, self._seconds))
            return
        if isinstance(message, Status):
            self._outage = is_outage(message)
        if self._outage:
            self._send([*vmc_messages(None, self._seconds), *at_rest()])

    @property
    def _seconds(self) -> float:
        return time.monotonic() - self._begun

    def _send(self, messages: list[bytes]) -> None:
        self._datagrams.send(osc_bundle(messages))

    def close(self) -> None:
        """Close the socket."""
        self._datagrams.close()


def open_vmc(address: Address[NoOptions]) -> VmcSink:
    """A sender to HOST:PORT.

    Raises:
        UsageError: an address that cannot be understood.
        MissingOutsideError: no such host.
    """
    return VmcSink(open_datagrams(address, DEFAULT_PORT))


SCHEME = Scheme(
    "osc-vmc:HOST[:PORT]", "VMC protocol: blend shapes and the head bone, for avatars", NoOptions, open_vmc
)

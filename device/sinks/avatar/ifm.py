"""The sink `udp-ifm:`: the text that the phone app iFacialMocap sends, for programs that listen to it.

A datagram a frame, of the face that has been followed longest (ifacialmocap.com/for-developer; the readers of
vpuppr, SnekStudio and EasyVtuber):

    trackingStatus-1|eyeBlink_L-12|jawOpen-40|...|=head#PITCH,YAW,ROLL,X,Y,Z|rightEye#0,0,0|leftEye#0,0,0|

- Shapes are ARKit's 52 with `_L` and `_R` for the sides, whole numbers from 0 to 100; those that 68 points do
  not show are 0.
- Angles are degrees about the axes of ARKit's face: x to the subject's left, y up, z out of the face, so that
  positive is down, to the subject's left, and towards the subject's right shoulder. They are applied in the
  order z, x, y, as Unity does.
- The position is not known in metres, and the gaze not at all: both are 0.

The app is asked for its stream by a datagram to the phone; this sink needs none and sends at once.
"""

from collections.abc import Mapping, Sequence

from device.config.address import Address, NoOptions, Scheme
from device.messages.arkit import ARKIT_SHAPES
from device.messages.messages import FaceMessage, FrameMessage, Pose
from device.signal.arkit import shapes_of
from device.sinks.avatar.udp import AvatarSink, check_receiver, followed_longest, open_datagrams

DEFAULT_PORT = 49983

PER_CENT = 100

SIDES = {"Left": "_L", "Right": "_R"}

WHOLE_MOUTH = {"mouthLeft", "mouthRight", "jawLeft", "jawRight"}
"""Shapes whose last word is no side of the face but where the whole goes."""


class IfmSink(AvatarSink):
    """Sends a datagram at every frame; without a face, and while no frames come, the face at rest."""

    def frame_datagram(self, frame: FrameMessage, faces: Sequence[FaceMessage]) -> bytes | None:  # noqa: ARG002
        """One face, or that none is tracked."""
        return ifm_text(followed_longest(faces)).encode()

    def outage_datagram(self) -> bytes | None:
        """No face is tracked."""
        return ifm_text(None).encode()


def ifm_text(face: FaceMessage | None) -> str:
    """The text about a face; without one it is at rest and not tracked."""
    shapes = shapes_of(face)
    values = {"trackingStatus": int(face is not None)}
    values |= {ifm_name(name): round(shapes.get(name, 0.0) * PER_CENT) for name in ARKIT_SHAPES}
    return f"{_joined(values)}={_head(None if face is None else face.pose)}rightEye#0,0,0|leftEye#0,0,0|"


def ifm_name(name: str) -> str:
    """A shape's name as iFacialMocap writes it: `eyeBlink_L` for ARKit's `eyeBlinkLeft`."""
    for side, short in SIDES.items():
        if name.endswith(side) and name not in WHOLE_MOUTH:
            return name.removesuffix(side) + short
    return name


def _joined(values: Mapping[str, int]) -> str:
    return "".join(f"{name}-{value}|" for name, value in values.items())


def _head(pose: Pose | None) -> str:
    x, y, z = (-pose.pitch, pose.yaw, -pose.roll) if pose is not None and pose.finite else (0.0, 0.0, 0.0)
    return f"head#{x + 0.0:.3f},{y + 0.0:.3f},{z + 0.0:.3f},0,0,0|"


def open_ifm(address: Address[NoOptions]) -> IfmSink:
    """A sender to HOST:PORT.

    Raises:
        UsageError: an address that cannot be understood.
        MissingOutsideError: no such host.
    """
    return IfmSink(open_datagrams(address, DEFAULT_PORT))


SCHEME = Scheme(
    "udp-ifm:HOST[:PORT]",
    "iFacialMocap's text: ARKit's blend shapes and the head's angles, for avatars",
    NoOptions,
    open_ifm,
    check=check_receiver,
)

"""The sink `udp-livelink:`: packets of the phone app Live Link Face, which Unreal Engine reads.

A datagram a frame, of the face that has been followed longest; without a face none is sent, and Unreal
shows the subject as stale. Everything is big-endian, as public readers of the app's packets have it
(JimWest/PyLiveLinkFace, think-biq's LLV):

- version 6 as one byte; device id and subject name, each its length as int32 and UTF-8;
- the frame's time: number int32, part of a frame float32, frames a second as int32 over int32;
- 61 as one byte; 61 float32: ARKit's 52 shapes, 0 to 1, then yaw, pitch and roll of head, left and right eye.

Angles are radians in the sense of Unreal's rotators: yaw to the subject's right, pitch up, roll towards the
subject's right shoulder. Shapes that 68 points do not show, and the eyes' angles, are 0.
"""

import struct
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from math import radians

from device.config.address import Address, Scheme
from device.messages.arkit import ARKIT_SHAPES
from device.messages.messages import FaceMessage, FrameMessage, Pose
from device.signal.arkit import shapes_of
from device.sinks.avatar.udp import AvatarSink, Datagrams, check_receiver, followed_longest, open_datagrams

DEFAULT_PORT = 11111

VERSION = 6

VALUES = 61
"""ARKit's shapes and three times three angles."""

FRAMES_A_SECOND = 60
"""Of the time code, as the app has it; the frames themselves come as they are captured."""

HEAD = struct.Struct(">B")
LENGTH = struct.Struct(">i")
FRAME_TIME = struct.Struct(">ifii")
BODY = struct.Struct(f">B{VALUES}f")

NANOSECONDS = 10**9


@dataclass(frozen=True)
class LiveLinkOptions:
    """Options of `udp-livelink:`."""

    subject: str = "landmarks"
    """Name of the subject in Unreal's Live Link window."""


class LiveLinkSink(AvatarSink):
    """Sends a datagram for every frame that has a face with an expression."""

    def __init__(self, datagrams: Datagrams, options: LiveLinkOptions) -> None:
        super().__init__(datagrams)
        # The app names the phone; ours is the same in every run.
        device = str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:landmarks:{options.subject}")).upper()
        self._texts = device.encode(), options.subject.encode()

    def frame_datagram(self, frame: FrameMessage, faces: Sequence[FaceMessage]) -> bytes | None:
        """The packet of one face; none without."""
        face = followed_longest(faces)
        if face is None:
            return None
        texts = b"".join(LENGTH.pack(len(text)) + text for text in self._texts)
        body = BODY.pack(VALUES, *values_of(face))
        return HEAD.pack(VERSION) + texts + frame_time(frame.captured_ns) + body

    def outage_datagram(self) -> bytes | None:
        """Nothing: a subject that is silent is shown as stale."""
        return None


def frame_time(captured_ns: int) -> bytes:
    """The instant of capture as a number of frames and a part of one."""
    frames, rest = divmod(captured_ns * FRAMES_A_SECOND, NANOSECONDS)
    # The number has 31 bits: at 60 a second it begins anew after 414 days.
    return FRAME_TIME.pack(frames % 2**31, rest / NANOSECONDS, FRAMES_A_SECOND, 1)


def values_of(face: FaceMessage) -> list[float]:
    """(61,) shapes and angles."""
    shapes = shapes_of(face)
    return [*(shapes.get(name, 0.0) for name in ARKIT_SHAPES), *_head_angles(face.pose), *[0.0] * 6]


def _head_angles(pose: Pose | None) -> tuple[float, float, float]:
    if pose is None or not pose.finite:
        return 0.0, 0.0, 0.0
    return radians(-pose.yaw), radians(pose.pitch), radians(-pose.roll)


def open_livelink(address: Address[LiveLinkOptions]) -> LiveLinkSink:
    """A sender to HOST:PORT.

    Raises:
        UsageError: an address that cannot be understood.
        MissingOutsideError: no such host.
    """
    return LiveLinkSink(open_datagrams(address, DEFAULT_PORT), address.options)


SCHEME = Scheme(
    "udp-livelink:HOST[:PORT]",
    "Live Link Face's packets: ARKit's blend shapes and the head's angles, for Unreal Engine",
    LiveLinkOptions,
    open_livelink,
    check=check_receiver,
)

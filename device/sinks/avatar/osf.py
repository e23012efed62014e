"""The sink `udp-osf:`: OpenSeeFace's UDP packets, which drive VSeeFace and other receivers unchanged.

1785 bytes a face, native byte order, no version field (emilianavt/OpenSeeFace, facetracker.py and
Unity/OpenSee.cs). What is not obvious about it:

- 66 landmarks in an order that differs from ours in the mouth only (`POINT_ORDER`), then two pupils,
  which we do not measure: we send the centre of each eye with confidence 0.
- Axes and units of the pose are those of `device/sinks/avatar/osf_pose.py`.
- The quaternion is that of the transposed rotation matrix; angles are those of `cv2.RQDecomp3x3`.
- 3D points are in the head's axes with y and z negated.
- Features are scaled by what has been seen of the face so far (`device/sinks/avatar/osf_features.py`).
"""

import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from device.config.address import Address, Scheme
from device.contract.landmarks import ibug_68
from device.contract.metrics import eye_centres
from device.messages.messages import FaceMessage, FrameMessage, Pose
from device.sinks.avatar.osf_features import FEATURE_NAMES, OsfFeatures
from device.sinks.avatar.osf_pose import (
    angles_of,
    exaggerated,
    points_in_osf,
    position_in_osf,
    rotation_in_osf,
)
from device.sinks.avatar.quaternion import Quaternion, near, quaternion_of
from device.sinks.avatar.udp import AvatarSink, Datagrams, check_receiver, open_datagrams

DEFAULT_PORT = 11573

PACKET = struct.Struct("=di2f2fBf4f3f3f68f136f210f14f")
"""Time, id, size, eyes open, found, error, quaternion, angles, position, confidences, 2D, 3D, features."""

TIME, FOUND, CONFIDENCES = 0, 6, slice(18, 86)
"""Indices of the fields that say whether a face is there."""

MAX_FACES = 36
"""Packets that fit into a datagram."""

POINT_ORDER = np.array([*range(48), *range(49, 54), *range(55, 60), 48, 61, 62, 63, 54, 65, 66, 67])
"""Our index of each of its 66 points: ibug_68 without the inner corners of the mouth, 60 and 64."""

EYE_DEPTH = 0.385
"""Of an eyeball's centre behind the lids, in widths of the eye: 12.5 mm of 32 mm."""

FEATURES = len(FEATURE_NAMES)

NO_POSE = [0, *[0.0] * 11]
"""Not found, then error, quaternion, angles and position."""


@dataclass(frozen=True)
class OsfOptions:
    """Options of `udp-osf:`."""

    pose: Literal["openseeface", "true"] = "openseeface"
    """`openseeface`: head angles with OpenSeeFace's gain and offset, for avatars that were set up with it;
    `true`: as measured."""


@dataclass(eq=False)
class OsfFace:
    """What is kept of one face from frame to frame."""

    slot: int
    """OpenSeeFace's id. They count from 0 and are used again; most receivers show id 0 only."""
    features: OsfFeatures = field(default_factory=OsfFeatures)
    quaternion: Quaternion | None = None
    """The last one that was sent."""


class OsfSink(AvatarSink):
    """Sends a datagram for every frame that has a face; the protocol has none for no face.

    While no frames come, the faces that were last sent are sent as not found.
    """

    def __init__(self, datagrams: Datagrams, options: OsfOptions) -> None:
        super().__init__(datagrams)
        self._turns_true = options.pose == "true"
        self._known: dict[int, OsfFace] = {}
        self._sent: list[bytes] = []

    def frame_datagram(self, frame: FrameMessage, faces: Sequence[FaceMessage]) -> bytes | None:
        """A packet for each face."""
        self._sent = [self._packet(face, frame) for face in faces[:MAX_FACES]]
        return b"".join(self._sent) or None

    def outage_datagram(self) -> bytes | None:
        """The packets that were last sent, as not found."""
        return b"".join(not_found(packet) for packet in self._sent) or None

    def forget(self, number: int) -> None:
        """Free the face's slot."""
        self._known.pop(number, None)

    def _packet(self, face: FaceMessage, frame: FrameMessage) -> bytes:
        if face.id not in self._known:
            taken = {known.slot for known in self._known.values()}
            self._known[face.id] = OsfFace(next(slot for slot in range(len(taken) + 1) if slot not in taken))
        return pack_face(face, frame, self._known[face.id], turns_true=self._turns_true)


def pack_face(face: FaceMessage, frame: FrameMessage, known: OsfFace, *, turns_true: bool) -> bytes:
    """The packet of one face; what is known of it is updated.

    Args:
        face: to be packed.
        frame: in which it is.
        known: of the frames before.
        turns_true: whether the head's angles are sent as measured, not as OpenSeeFace would have them.
    """
    now_ns, utc_ns = time.monotonic_ns(), time.time_ns()
    captured_s = (utc_ns - now_ns + frame.captured_ns) / 1e9
    size = (frame.frame.width, frame.frame.height)
    points = np.concatenate([face.landmarks[POINT_ORDER], eye_centres(face.landmarks, ibug_68)])
    confidences = np.concatenate([face.landmark_scores[POINT_ORDER], [0.0, 0.0]])
    signals = face.signals or {}
    pose, points_3d, features = NO_POSE, np.zeros((70, 3)), np.zeros(FEATURES)
    if face.pose is not None and face.pose.finite:
        solid = points_in_osf(face.landmarks, face.pose, size)
        pose = _pose_fields(face.pose, size, known, turns_true=turns_true)
        points_3d, features = _points_3d(solid), known.features.read(solid)
    return PACKET.pack(
        captured_s, known.slot, *size, signals.get("eye_open_right", 1.0), signals.get("eye_open_left", 1.0),
        *pose, *confidences, *points.ravel(), *points_3d.ravel(), *features,
    )  # fmt: skip


def not_found(packet: bytes) -> bytes:
    """The same packet with the current time, marked as not found and without confidence."""
    fields = list(PACKET.unpack(packet))
    fields[TIME], fields[FOUND] = time.time(), 0
    fields[CONFIDENCES] = [0.0] * len(fields[CONFIDENCES])
    return PACKET.pack(*fields)


def _pose_fields(pose: Pose, size_wh: tuple[int, int], known: OsfFace, *, turns_true: bool) -> list[float]:
    """found, reprojection error in pixels, quaternion, angles, position."""
    error_px = pose.misfit * pose.focal_px / max(pose.position[2], 1e-6)
    rotation = rotation_in_osf(*((pose.yaw, pose.pitch, pose.roll) if turns_true else exaggerated(pose)))
    known.quaternion = near(quaternion_of(rotation.T), known.quaternion)
    return [1, error_px, *known.quaternion, *angles_of(rotation), *position_in_osf(pose, size_wh)]


def _points_3d(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(70, 3): of (68, 3) in the head's axes the 66 points, the pupils and the centres of the eyeballs."""
    rings = [points[list(ring)] for ring in ibug_68.eye_rings]
    pupils = [ring.mean(axis=0) for ring in rings]
    widths = [float(np.linalg.norm(ring[3] - ring[0])) for ring in rings]
    balls = [pupil - np.array([0, 0, EYE_DEPTH * width]) for pupil, width in zip(pupils, widths, strict=True)]
    return np.vstack([points[POINT_ORDER], pupils, balls]) * [1, -1, -1]


def open_osf(address: Address[OsfOptions]) -> OsfSink:
    """A sender to HOST:PORT.

    Raises:
        UsageError: an address that cannot be understood.
        MissingOutsideError: no such host.
    """
    return OsfSink(open_datagrams(address, DEFAULT_PORT), address.options)


SCHEME = Scheme(
    "udp-osf:HOST[:PORT]",
    "OpenSeeFace's UDP packets, for VSeeFace and other receivers of it",
    OsfOptions,
    open_osf,
    check=check_receiver,
)

"""The sink `udp-osf:`: OpenSeeFace's UDP packets, which drive VSeeFace and other receivers unchanged.

1785 bytes a face, native byte order, no version field (emilianavt/OpenSeeFace, facetracker.py and
Unity/OpenSee.cs). What is not obvious about it:

- 66 landmarks in an order that differs from ours in the mouth only (`POINT_ORDER`), then two pupils,
  which we do not measure: we send the centre of each eye with confidence 0.
- The camera's axes are row, column, away. The head's axes are to the picture's left, up, towards the
  camera; its origin is the tip of the nose. The focal length is one frame width. The head lies *behind*
  the camera (its depth is negative) and is seen upside down and mirrored: receivers rely on that, as
  OpenSee.cs negates the position.
- The quaternion is that of the transposed rotation matrix; angles are those of `cv2.RQDecomp3x3`.
- 3D points are in the head's axes with y and z negated.
"""

import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.config.address import Address, NoOptions, Scheme
from device.contract.landmarks import ibug_68
from device.contract.metrics import eye_centres
from device.contract.rotation import rotation_of
from device.messages.messages import FaceLost, FaceMessage, FrameMessage, Message, Pose, Status
from device.signal.mean_face import mean_landmarks
from device.sinks.avatar.udp import Datagrams, open_datagrams
from device.sinks.outage import is_outage
from device.support.condition import Condition

DEFAULT_PORT = 11573

PACKET = struct.Struct("=di2f2fBf4f3f3f68f136f210f14f")
"""Time, id, size, eyes open, found, error, quaternion, angles, position, confidences, 2D, 3D, features."""

TIME, FOUND, CONFIDENCES = 0, 6, slice(18, 86)
"""Indices of the fields that say whether a face is there."""

MAX_FACES = 36
"""Packets that fit into a datagram."""

POINT_ORDER = np.array([*range(48), *range(49, 54), *range(55, 60), 48, 61, 62, 63, 54, 65, 66, 67])
"""Our index of each of its 66 points: ibug_68 without the inner corners of the mouth, 60 and 64."""

UNITS_PER_EYE_DISTANCE = 0.66
"""OpenSeeFace's unit of length: its own face has the outer corners of the eyes at x = -0.33 and 0.33."""

TO_OSF_CAMERA = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
"""Our camera axes (right, down, away) to OpenSeeFace's (row, column, away)."""

BEHIND = np.diag([1.0, 1.0, -1.0])
"""Turns a head before the camera into the one behind it that looks the same, but for perspective."""

EYE_DEPTH = 0.385
"""Of an eyeball's centre behind the lids, in widths of the eye: 12.5 mm of 32 mm."""

FEATURES = 14


class OsfSink:
    """Sends a datagram for every frame that has a face; the protocol has none for no face.

    While no frames come, the faces that were last sent are sent as not found.
    """

    needed_scheme = ibug_68.name

    def __init__(self, datagrams: Datagrams) -> None:
        self._datagrams = datagrams
        self._slots: dict[int, int] = {}
        self._sent: list[bytes] = []
        self._outage = False

    @property
    def condition(self) -> Condition:
        """Whether datagrams can be sent."""
        return self._datagrams.condition

    def publish(self, message: Message, line: bytes) -> None:  # noqa: ARG002 - other sinks read it
        """Send a frame's faces in one datagram; in an outage, at every other message, that they are gone."""
        if isinstance(message, FrameMessage):
            self._outage = False
            faces = [face for face in message.faces_of(self.needed_scheme) if face.finite][:MAX_FACES]
            self._sent = [pack_face(face, message, self._slot_of(face.id)) for face in faces]
            self._send(self._sent)
            return
        if isinstance(message, FaceLost):
            self._slots.pop(message.id, None)
        elif isinstance(message, Status):
            self._outage = is_outage(message)
        if self._outage:
            self._send([not_found(packet) for packet in self._sent])

    def _send(self, packets: list[bytes]) -> None:
        if packets:
            self._datagrams.send(b"".join(packets))

    def _slot_of(self, number: int) -> int:
        """OpenSeeFace's ids count from 0 and are used again; most receivers show id 0 only."""
        if number not in self._slots:
            taken = set(self._slots.values())
            self._slots[number] = next(slot for slot in range(len(taken) + 1) if slot not in taken)
        return self._slots[number]

    def close(self) -> None:
        """Close the socket."""
        self._datagrams.close()


def pack_face(face: FaceMessage, frame: FrameMessage, slot: int) -> bytes:
    """The packet of one face."""
    now_ns, utc_ns = time.monotonic_ns(), time.time_ns()
    captured_s = (utc_ns - now_ns + frame.captured_ns) / 1e9
    size = (frame.frame.width, frame.frame.height)
    pupils = eye_centres(face.landmarks, ibug_68)
    points = np.concatenate([face.landmarks[POINT_ORDER], pupils])
    confidences = np.concatenate([face.landmark_scores[POINT_ORDER], [0.0, 0.0]])
    signals = face.signals or {}
    pose = OsfPose.of(face.pose, size) if face.pose is not None and face.pose.finite else None
    return PACKET.pack(
        captured_s, slot, *size, signals.get("eye_open_right", 1.0), signals.get("eye_open_left", 1.0),
        *_pose_fields(face, pose), *confidences, *points.ravel(), *_points_3d(face, pose).ravel(),
        *_features(signals),
    )  # fmt: skip


def not_found(packet: bytes) -> bytes:
    """The same packet with the current time, marked as not found and without confidence."""
    fields = list(PACKET.unpack(packet))
    fields[TIME], fields[FOUND] = time.time(), 0
    fields[CONFIDENCES] = [0.0] * len(fields[CONFIDENCES])
    return PACKET.pack(*fields)


@dataclass(frozen=True, eq=False)
class OsfPose:
    """A head's pose in OpenSeeFace's axes and units."""

    rotation: NDArray[np.float64]
    """(3, 3) head axes to camera axes."""
    position: NDArray[np.float64]
    """(3,) of the tip of the nose in camera axes; the depth is negative."""
    focal_px: float
    """One frame width."""
    centre_yx: NDArray[np.float64]
    """(2,) centre of the frame, row and column."""

    @classmethod
    def of(cls, pose: Pose, size_wh: tuple[int, int]) -> "OsfPose":
        """Convert our pose; the distance is scaled so that the head has the same size in the frame."""
        width, height = size_wh
        rotation = rotation_of(pose.yaw, pose.pitch, pose.roll)
        nose = np.array(pose.position) + rotation @ _nose_tip()
        nose[2] *= width / pose.focal_px
        centre_yx = np.array([(height - 1) / 2, (width - 1) / 2])
        position = -(TO_OSF_CAMERA @ nose) * UNITS_PER_EYE_DISTANCE
        return cls(BEHIND @ TO_OSF_CAMERA @ rotation, position, float(width), centre_yx)

    def back_project(self, landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
        """(68, 3) head axes: each of the (68, 2) points at the depth of the mean face's point."""
        depth = (_osf_mean_face() @ self.rotation.T + self.position)[:, 2:]
        rays = (landmarks[:, ::-1] - self.centre_yx) / self.focal_px
        seen = np.hstack([rays * depth, depth])
        return np.asarray((seen - self.position) @ self.rotation, np.float64)


def _nose_tip() -> NDArray[np.float64]:
    return np.asarray(mean_landmarks()[ibug_68.nose_tip], np.float64)


def _osf_mean_face() -> NDArray[np.float64]:
    """(68, 3) our mean face in OpenSeeFace's head axes (all three opposite to ours) and units."""
    return (_nose_tip() - mean_landmarks()) * UNITS_PER_EYE_DISTANCE


def _pose_fields(face: FaceMessage, pose: OsfPose | None) -> list[float]:
    """found, reprojection error in pixels, quaternion, angles, position; zeros without a pose."""
    if pose is None or face.pose is None:
        return [0, *[0.0] * 11]
    error_px = face.pose.misfit * face.pose.focal_px / max(face.pose.position[2], 1e-6)
    return [1, error_px, *quaternion_of(pose.rotation.T), *angles_of(pose.rotation), *pose.position]


def _points_3d(face: FaceMessage, pose: OsfPose | None) -> NDArray[np.float64]:
    """(70, 3): the 66 points, the pupils and the centres of the eyeballs; zeros without a pose."""
    if pose is None:
        return np.zeros((70, 3))
    points = pose.back_project(face.landmarks)
    rings = [points[list(ring)] for ring in ibug_68.eye_rings]
    pupils = [ring.mean(axis=0) for ring in rings]
    widths = [float(np.linalg.norm(ring[3] - ring[0])) for ring in rings]
    balls = [pupil - np.array([0, 0, EYE_DEPTH * width]) for pupil, width in zip(pupils, widths, strict=True)]
    return np.vstack([points[POINT_ORDER], pupils, balls]) * [1, -1, -1]


def angles_of(rotation: NDArray[np.floating]) -> tuple[float, float, float]:
    """Degrees of `cv2.RQDecomp3x3`; of the two equivalent triples the one with abs(y) <= 90."""
    import cv2

    x, y, z = (float(angle) for angle in cv2.RQDecomp3x3(rotation)[0])
    return (x, y, z) if abs(y) <= 90 else (x + 180, 180 - y, z + 180)


def quaternion_of(rotation: NDArray[np.floating]) -> tuple[float, float, float, float]:
    """x, y, z, w of a (3, 3) rotation; of the two equivalent quaternions the one with w >= 0."""
    # The eigenvector of the largest eigenvalue (Bar-Itzhack 2000), which never divides by zero.
    m = rotation
    lower = np.array([
        [m[0, 0] - m[1, 1] - m[2, 2], 0, 0, 0],
        [m[0, 1] + m[1, 0], m[1, 1] - m[0, 0] - m[2, 2], 0, 0],
        [m[0, 2] + m[2, 0], m[1, 2] + m[2, 1], m[2, 2] - m[0, 0] - m[1, 1], 0],
        [m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], m.trace()],
    ])  # fmt: skip
    x, y, z, w = np.linalg.eigh(lower)[1][:, -1].tolist()
    return (-x, -y, -z, -w) if w < 0 else (x, y, z, w)


def _features(signals: Mapping[str, float]) -> list[float]:
    """OpenSeeFace's fourteen, 0 at rest: our nearest signals. The `quirk` of a brow is not measured."""

    def of(name: str, rest: float = 0.0) -> float:
        return signals.get(name, rest)

    def brow(side: str) -> list[float]:
        inner, outer = of(f"brow_inner_{side}"), of(f"brow_outer_{side}")
        return [(outer - inner) / 2, (outer + inner) / 2, 0.0]

    def corner(side: str) -> list[float]:
        return [of(f"smile_{side}"), of("mouth_width")]

    eyes: list[Any] = [of("eye_open_left", 1.0) - 1, of("eye_open_right", 1.0) - 1]
    mouth = [*corner("left"), *corner("right"), of("mouth_open"), of("mouth_width")]
    return [*eyes, *brow("left"), *brow("right"), *mouth]


def open_osf(address: Address[NoOptions]) -> OsfSink:
    """A sender to HOST:PORT.

    Raises:
        UsageError: an address that cannot be understood.
        MissingOutsideError: no such host.
    """
    return OsfSink(open_datagrams(address, DEFAULT_PORT))


SCHEME = Scheme(
    "udp-osf:HOST[:PORT]",
    "OpenSeeFace's UDP packets, for VSeeFace and other receivers of it",
    NoOptions,
    open_osf,
)

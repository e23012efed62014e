"""What the device says: the messages of the stream's schema 1, each one line of JSON.

`device/README.md` is the specification for readers, `device/messages/stream-1.schema.json` its JSON
Schema. Pixels are of the frame, (0, 0) the centre of its top-left pixel; left and right are the
subject's. Nanoseconds are of the monotonic clock unless a name says utc.

No number that is not finite reaches the stream: such a face or figure is left out.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import orjson
from numpy.typing import NDArray

from device.contract.geometry import Box
from device.support.condition import Condition

SCHEMA = 1
"""Raised when a reader of the old form could misread the new one; new keys do not raise it."""

SCHEMA_FILE = Path(__file__).parent / f"stream-{SCHEMA}.schema.json"
"""JSON Schema of every message."""

PIXEL_DIGITS = 2
"""Coordinates are rounded to 0.01 px: far below what a landmark is sure of, and half the bytes."""

SCORE_DIGITS = 3
"""Scores are rounded to 0.001."""

TIME_DIGITS = 3
"""Milliseconds are rounded to a microsecond."""

ANGLE_DIGITS = 2
"""Degrees are rounded to 0.01."""

POSITION_DIGITS = 3
"""Eye distances are rounded to 0.001, a tenth of a millimetre."""


PARTS = ("camera", "inference", "broker")
"""Parts of the device that can be lost and come back, as `status` and `health` messages name them."""


class Message(Protocol):
    """Whatever can go onto the stream."""

    @property
    def source(self) -> str:
        """Which stream it belongs to: demo, cam0, images, video."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Keys and values as JSON shows them; arrays may be numpy's."""
        ...


def encode(message: Message) -> bytes:
    """One line of JSON, UTF-8, with its line feed."""
    return orjson.dumps(message.to_dict(), option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE)


def _rounded(values: NDArray[np.floating], digits: int) -> NDArray[np.floating]:
    """Rounded, in the memory order that orjson reads; -0 becomes 0."""
    return np.ascontiguousarray(values.round(digits) + 0)


def _head(kind: str, source: str) -> dict[str, Any]:
    return {"type": kind, "schema": SCHEMA, "source": source}


@dataclass(frozen=True)
class Pose:
    """Where a head is and which way it looks; all angles 0 looks straight into the camera.

    Camera axes: x to the picture's right, y down, z away from the camera. `device/contract/rotation.py` has
    the rotation that the angles stand for.
    """

    yaw: float
    """Degrees, positive to the subject's left, the picture's right."""
    pitch: float
    """Degrees, positive up."""
    roll: float
    """Degrees, clockwise as seen: positive towards the subject's left shoulder."""
    position: tuple[float, float, float]
    """x, y, z of the middle between the outer eye corners, camera axes, eye distances (outer corners)."""
    focal_px: float
    """Focal length that was assumed, pixels: x px from the middle of the frame is focal_px * x / z."""
    misfit: float
    """Root mean square distance of the mean face from the points, eye distances."""

    @property
    def finite(self) -> bool:
        """Whether every number is one."""
        numbers = (self.yaw, self.pitch, self.roll, *self.position, self.focal_px, self.misfit)
        return all(math.isfinite(number) for number in numbers)

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            "yaw": round(self.yaw, ANGLE_DIGITS),
            "pitch": round(self.pitch, ANGLE_DIGITS),
            "roll": round(self.roll, ANGLE_DIGITS),
            "position": [round(place, POSITION_DIGITS) for place in self.position],
            "focal_px": round(self.focal_px, PIXEL_DIGITS),
            "misfit": round(self.misfit, SCORE_DIGITS),
        }


@dataclass(frozen=True)
class Blinks:
    """Blinks of each eye since the face was first seen: counts, so that a skipped message loses none."""

    right: int
    """The subject's right eye."""
    left: int
    """The subject's left eye."""

    def to_dict(self) -> dict[str, int]:
        """As JSON shows it."""
        return {"right": self.right, "left": self.left}


@dataclass(frozen=True, eq=False)
class FaceMessage:
    """One face within a frame."""

    id: int
    """The same from frame to frame while the face is followed; never given again."""
    score: float
    """Confidence that this is a face with its landmarks in place, 0 to 1."""
    box: Box
    """Tight box of the landmarks, pixels."""
    landmarks: NDArray[np.floating]
    """(K, 2) x then y, pixels, in the scheme's order."""
    landmark_scores: NDArray[np.floating]
    """(K,) confidence of each landmark, 0 to 1; what error it promises: device.contract.codec."""
    pose: Pose | None = None
    """Of the head; None, and no key, while it is not known."""
    signals: Mapping[str, float] | None = None
    """Expression by name, see `device/messages/signals.py`; None, and no key, while not known."""
    blinks: Blinks | None = None
    """Counts; None, and no key, where signals are."""
    occluded: Sequence[str] | None = None
    """Regions that seem covered, a hint; None, and no key, while not known."""
    landmarks_raw: NDArray[np.floating] | None = None
    """(K, 2) as `landmarks`, before the filter; None, and no key, unless asked for."""

    @property
    def finite(self) -> bool:
        """Whether every number that a face must have is one."""
        return (
            math.isfinite(self.score)
            and math.isfinite(sum(self.box.xyxy))
            # A sum is finite if all its numbers are, and none is large enough to make it overflow.
            and math.isfinite(self.landmarks.sum())
            and math.isfinite(self.landmark_scores.sum())
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            "id": self.id,
            "score": round(float(self.score), SCORE_DIGITS),
            "box": [round(edge, PIXEL_DIGITS) + 0.0 for edge in self.box.xyxy],
            "landmarks": _rounded(self.landmarks, PIXEL_DIGITS),
            "landmark_scores": _rounded(self.landmark_scores, SCORE_DIGITS),
            **self._further(),
        }

    def _further(self) -> dict[str, Any]:
        """What is known beyond the landmarks."""
        further: dict[str, Any] = {}
        if self.pose is not None and self.pose.finite:
            further["pose"] = self.pose.to_dict()
        if self.signals is not None:
            further["signals"] = _rounded_signals(self.signals)
        if self.blinks is not None:
            further["blinks"] = self.blinks.to_dict()
        if self.occluded is not None:
            further["occluded"] = list(self.occluded)
        if self.landmarks_raw is not None and np.isfinite(self.landmarks_raw).all():
            further["landmarks_raw"] = _rounded(self.landmarks_raw, PIXEL_DIGITS)
        return further


def _rounded_signals(signals: Mapping[str, float]) -> dict[str, float]:
    """Those that are numbers."""
    return {name: round(value, SCORE_DIGITS) + 0.0 for name, value in signals.items() if math.isfinite(value)}


@dataclass(frozen=True)
class FrameInfo:
    """The frame that a message is about."""

    width: int
    """Pixels, after rotation."""
    height: int
    """Pixels, after rotation."""
    name: str | None = None
    """Path within the folder or FILE#INDEX of a video; None, and no key, for a camera."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        size: dict[str, Any] = {"width": self.width, "height": self.height}
        return size if self.name is None else {**size, "name": self.name}


@dataclass(frozen=True)
class TimingMs:
    """How long each stage of one frame took, milliseconds."""

    find: float
    """Search for faces; 0 in a frame that is not searched."""
    crop: float
    """Cut out and quantise the network's input."""
    infer: float
    """The network."""
    decode: float
    """Output maps to landmarks of the frame."""
    total: float
    """From the frame in hand to its landmarks: all stages but `signal`, and what lies between them."""
    signal: float = 0.0
    """Filter, pose and expression of all faces; after `total`."""

    def to_dict(self) -> dict[str, float]:
        """As JSON shows it."""
        return {
            "find": round(self.find, TIME_DIGITS),
            "crop": round(self.crop, TIME_DIGITS),
            "infer": round(self.infer, TIME_DIGITS),
            "decode": round(self.decode, TIME_DIGITS),
            "total": round(self.total, TIME_DIGITS),
            "signal": round(self.signal, TIME_DIGITS),
        }


@dataclass(frozen=True, eq=False)
class FrameMessage:
    """One frame with its faces, also when there are none."""

    source: str
    """The stream's name."""
    sequence: int
    """Number among the captured frames; a gap is a skipped frame."""
    captured_ns: int
    """Monotonic nanoseconds of the capture."""
    published_ns: int
    """Monotonic nanoseconds just before the message is written."""
    frame: FrameInfo
    """Size and, for files, name."""
    faces: Sequence[FaceMessage]
    """Empty when no face is seen."""
    timing_ms: TimingMs
    """Milliseconds by stage."""
    model: str
    """NAME@sha8 of the model in use."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it; a face with a number that is not finite is left out."""
        return {
            **_head("frame", self.source),
            "sequence": self.sequence,
            "captured_ns": self.captured_ns,
            "published_ns": self.published_ns,
            "frame": self.frame.to_dict(),
            "faces": [face.to_dict() for face in self.faces if face.finite],
            "timing_ms": self.timing_ms.to_dict(),
            "model": self.model,
        }


@dataclass(frozen=True)
class FaceLost:
    """A face that was followed is given up; its id is never given again."""

    source: str
    """The stream's name."""
    sequence: int
    """Number of the frame at which it was given up, a second after it was last seen."""
    captured_ns: int
    """Monotonic nanoseconds of that frame."""
    published_ns: int
    """Monotonic nanoseconds just before the message is written."""
    id: int
    """The face's id."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            **_head("face_lost", self.source),
            "sequence": self.sequence,
            "captured_ns": self.captured_ns,
            "published_ns": self.published_ns,
            "id": self.id,
        }


@dataclass(frozen=True)
class ErrorMessage:
    """A frame that could not be had; the stream goes on."""

    source: str
    """The stream's name."""
    sequence: int
    """Number of the frame that was awaited."""
    captured_ns: int
    """Monotonic nanoseconds of the failure."""
    published_ns: int
    """Monotonic nanoseconds just before the message is written."""
    reason: str
    """One line for people."""
    name: str | None = None
    """The frame's name as in a frame message; None, and no key `frame`, for a camera."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        named = {} if self.name is None else {"frame": {"name": self.name}}
        return {
            **_head("error", self.source),
            "sequence": self.sequence,
            "captured_ns": self.captured_ns,
            "published_ns": self.published_ns,
            **named,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Status:
    """All parts at once: sent at the start and whenever one of them changes."""

    source: str
    """The stream's name."""
    published_ns: int
    """Monotonic nanoseconds just before the message is written."""
    camera: Condition = field(default=Condition())
    """The frame source."""
    inference: Condition = field(default=Condition())
    """The interpreter and its accelerator."""
    broker: Condition = field(default=Condition())
    """The way out, where there is a broker."""
    model: Condition = field(default=Condition())
    """The model file in use."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            **_head("status", self.source),
            "published_ns": self.published_ns,
            "camera": self.camera.to_dict(),
            "inference": self.inference.to_dict(),
            "broker": self.broker.to_dict(),
            "model": self.model.to_dict(),
        }


@dataclass(frozen=True)
class Percentiles:
    """What is said of a distribution, in the unit that the key names."""

    p50: float
    """The median."""
    p95: float
    """The 95th percentile."""
    p99: float
    """The 99th percentile."""

    def to_dict(self) -> dict[str, float]:
        """As JSON shows it."""
        return {name: round(value, TIME_DIGITS) for name, value in vars(self).items()}


@dataclass(frozen=True)
class Health:
    """Figures of the device since its start, now and then."""

    source: str
    """The stream's name."""
    monotonic_ns: int
    """The clock of `captured_ns` and `published_ns`, nanoseconds ..."""
    utc_ns: int
    """... and UTC at the same instant, nanoseconds since 1970: together they relate the two clocks."""
    uptime_s: float
    """Seconds since the daemon's start."""
    frames: int
    """Frame messages."""
    skipped: int
    """Frames that were captured but replaced by a newer one."""
    unreadable: int
    """Error messages."""
    fps: float | None = None
    """Frame messages a second since the last health message."""
    latency_ms_p50: float | None = None
    """Median of published_ns - captured_ns since the last health message, milliseconds."""
    latency_ms_p95: float | None = None
    """Its 95th percentile, milliseconds."""
    rss_mb: float | None = None
    """Resident memory of the process, megabytes of 10^6 bytes."""
    latency_ms_p99: float | None = None
    """The 99th percentile of the same."""
    fps_captured: float | None = None
    """Frames that the source had a second since the last health message: handled and skipped ones."""
    fps_skipped: float | None = None
    """Frames skipped a second since then."""
    stages_ms: Mapping[str, Percentiles] | None = None
    """Milliseconds of each stage of `timing_ms` since then."""
    round_trip_ms: Percentiles | None = None
    """Milliseconds from capture through the broker and back since then."""
    temperature_c: float | None = None
    """Degrees Celsius of the processor."""
    throttled: Sequence[str] | None = None
    """What holds the processor back now: under_voltage, frequency_capped, throttled, ..."""
    throttled_since_boot: Sequence[str] | None = None
    """What has held it back at some time since boot."""
    restarts: Mapping[str, int] | None = None
    """How often each part was lost and has come back."""
    camera: Condition | None = None
    """As in the last status message."""
    inference: Condition | None = None
    """As in the last status message."""
    broker: Condition | None = None
    """As in the last status message."""
    model: str | None = None
    """NAME@sha8 of the model in use, as in a frame message."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it; a figure that is not known or not finite has no key."""
        shown = {
            part.name: _shown(getattr(self, part.name)) for part in fields(self) if part.name != "source"
        }
        known = {name: value for name, value in shown.items() if value is not None}
        return {**_head("health", self.source), **known}


def _shown(figure: Any) -> Any:
    """One of health's figures as JSON shows it; None when it is not finite."""
    match figure:
        case float():
            return round(figure, TIME_DIGITS) if math.isfinite(figure) else None
        case Percentiles() | Condition():
            return figure.to_dict()
        case Mapping():
            return {name: _shown(value) for name, value in figure.items()}
        case _:
            return figure


@dataclass(frozen=True)
class Reply:
    """What became of a command that was sent to the running daemon (`device/messages/commands.py`)."""

    source: str
    """The stream's name."""
    published_ns: int
    """Monotonic nanoseconds just before the message is written."""
    command: str
    """The line as it was received, printable, at most 200 characters."""
    accepted: bool
    """Whether it was understood and carried out."""
    reason: str = ""
    """One line for people: why not; may be empty when accepted."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            **_head("reply", self.source),
            "published_ns": self.published_ns,
            "command": self.command,
            "accepted": self.accepted,
            "reason": self.reason,
        }


def clock_pair() -> tuple[int, int]:
    """(monotonic_ns, utc_ns) of one instant: UTC is read between two readings of the other clock."""
    before = time.monotonic_ns()
    utc_ns = time.time_ns()
    return (before + time.monotonic_ns()) // 2, utc_ns

"""The `frame` message: the faces of one frame. Pixels are of the frame, left and right the subject's."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import numpy as np
from msgspec import Meta, Struct
from msgspec.structs import astuple, force_setattr
from numpy.typing import NDArray

from device.contract.geometry import Box
from device.contract.landmarks import ibug_68
from device.messages.arrays import Numbers, Points, array_of_numbers, array_of_points
from device.messages.base import StreamMessage
from device.messages.fields import (
    ANGLE_DIGITS,
    MAX_INTEGER,
    MONOTONIC,
    PIXEL_DIGITS,
    POSITION_DIGITS,
    SCORE_DIGITS,
    TIME_DIGITS,
    Edges,
    FileName,
    ModelIdentity,
    PublishedNs,
    count_of,
    milliseconds,
)
from device.messages.rounding import round_array, round_number
from device.messages.signals import REGIONS, SIGNAL_NAMES
from device.support.described import described

if TYPE_CHECKING:
    SignalValues = Mapping[str, float]
else:
    # As it is read: the key `arkit` stands among the numbers until the face takes it out.
    SignalValues = Mapping[str, float | Mapping[str, float]]


class Pose(Struct, frozen=True):
    """Position and direction of the head: R = Ry(-yaw) Rx(-pitch) Rz(roll); "Pose" in device/README.md."""

    yaw: Annotated[
        float,
        described(
            "Positive: turned to the subject's left, the picture's right",
            "degrees",
            ge=-180,
            le=180,
            digits=ANGLE_DIGITS,
        ),
    ]
    pitch: Annotated[float, described("Positive: turned up", "degrees", ge=-90, le=90, digits=ANGLE_DIGITS)]
    roll: Annotated[
        float,
        described(
            "Positive: clockwise as seen, towards the subject's left shoulder",
            "degrees",
            ge=-180,
            le=180,
            digits=ANGLE_DIGITS,
        ),
    ]
    position: Annotated[
        tuple[float, float, float],
        described(
            "x, y, z of the middle between the outer eye corners, in camera axes; one eye distance is from "
            "outer corner to outer corner",
            "eye distances",
            digits=POSITION_DIGITS,
        ),
    ]
    focal_px: Annotated[
        float,
        described(
            "Focal length that was assumed: a point lies `focal_px * x / z` right of the frame's centre and "
            "`focal_px * y / z` below it",
            "px",
            gt=0,
            digits=PIXEL_DIGITS,
        ),
    ]
    misfit: Annotated[
        float,
        described(
            "Root mean square distance of the mean face in this pose from the landmarks",
            "eye distances",
            ge=0,
            digits=SCORE_DIGITS,
        ),
    ]

    @property
    def numbers(self) -> tuple[float, ...]:
        """All eight, in their order; POSE_FACTORS has the steps of each."""
        return (self.yaw, self.pitch, self.roll, *self.position, self.focal_px, self.misfit)

    @property
    def finite(self) -> bool:
        """Whether no number is NaN or infinite."""
        return all(map(math.isfinite, self.numbers))


POSE_FACTORS = np.array(
    [10.0**ANGLE_DIGITS] * 3 + [10.0**POSITION_DIGITS] * 3 + [10.0**PIXEL_DIGITS, 10.0**SCORE_DIGITS]
)
"""Steps a unit of each of a pose's numbers."""


class Blinks(Struct, frozen=True):
    """Blinks of each eye since the face was first seen: counts, so that a skipped message loses none."""

    right: Annotated[int, count_of("Blinks of the subject's right eye", "blinks")]
    left: Annotated[int, count_of("Blinks of the subject's left eye", "blinks")]


class FaceMessage(Struct, frozen=True, eq=False, omit_defaults=True):
    """One face within a frame, of K landmarks: (K, 2) and (K,) arrays. K is set by the frame's `scheme`.

    Its numbers are rounded when it is made, so that every sink is given what is sent.
    """

    id: Annotated[
        int,
        described(
            "From 1; the same while the face is followed, never given again. Pictures of `images:` without "
            "`--follow` are unrelated: each begins at 1",
            ge=1,
            le=MAX_INTEGER,
        ),
    ]
    score: Annotated[
        float,
        described(
            "Confidence that this is a face with its landmarks in place",
            "0 to 1",
            ge=0,
            le=1,
            digits=SCORE_DIGITS,
        ),
    ]
    box: Edges
    landmarks: Annotated[
        Points,
        described("x, y of K points in the order of the frame's `scheme`", "px", digits=PIXEL_DIGITS),
    ]
    landmark_scores: Annotated[
        Numbers,
        described(
            "Confidence s of each of K landmarks: a shipped model promises an error of 7 % (1/s - 1) of the "
            "outer eye corners' distance (its card says how well it keeps that)",
            "0 to 1",
            digits=SCORE_DIGITS,
            schema={"minItems": 1},
        ),
    ]
    pose: Annotated[Pose | None, described("Position and direction of the head")] = None
    signals: Annotated[
        SignalValues | None,
        described(
            "Expression by name", "-1 or 0 to 1", digits=SCORE_DIGITS, schema={"$ref": "#/$defs/signals"}
        ),
    ] = None
    blinks: Annotated[
        Blinks | None, described("How often each eye has blinked since the face was first seen")
    ] = None
    occluded: Annotated[
        Sequence[Annotated[str, Meta(extra_json_schema={"enum": list(REGIONS)})]] | None,
        described("A hint: regions that seem to be covered; empty: none does", schema={"uniqueItems": True}),
    ] = None
    landmarks_raw: Annotated[
        Points | None,
        described(
            "Only when asked for: the landmarks before the filter",
            "px",
            digits=PIXEL_DIGITS,
        ),
    ] = None
    arkit: Annotated[
        Mapping[str, float] | None,
        described(
            "Only when asked for: expression by the names of ARKit's blend shapes",
            "0 to 1",
            digits=SCORE_DIGITS,
            inside="signals",
        ),
    ] = None

    def __post_init__(self) -> None:
        if isinstance(self.landmarks, np.ndarray):
            self._round()
        else:
            # Just decoded, and so rounded before it was sent.
            force_setattr(self, "landmarks", array_of_points(self.landmarks))
            force_setattr(self, "landmark_scores", array_of_numbers(self.landmark_scores))
            if self.landmarks_raw is not None:
                force_setattr(self, "landmarks_raw", array_of_points(self.landmarks_raw))
            if self.signals is not None:
                self._take_out_arkit(self.signals)

    def _take_out_arkit(self, received: Mapping[str, float | Mapping[str, float]]) -> None:
        """Part the numbers from the objects beside them, of which `arkit` is the one that we know."""
        objects = {name: value for name, value in received.items() if isinstance(value, Mapping)}
        if objects:
            numbers = {name: value for name, value in received.items() if name not in objects}
            force_setattr(self, "signals", numbers)
            force_setattr(self, "arkit", objects.get("arkit"))

    def _round(self) -> None:
        """Round every number as it is annotated, all at once: a call of numpy costs more than the numbers."""
        pose, signals, count = self.pose, self.signals or {}, len(self.landmark_scores)
        numbers = [*(() if pose is None else pose.numbers), self.score, *self.box, *signals.values()]
        given = np.concatenate((self.landmarks.ravel(), self.landmark_scores, numbers), dtype=np.float64)
        flat = round_array(given, _factors(count, len(numbers), pose is None))
        force_setattr(self, "landmarks", flat[: 2 * count].reshape(-1, 2))
        force_setattr(self, "landmark_scores", flat[2 * count : 3 * count])
        rounded = flat[3 * count :].tolist()
        if self.landmarks_raw is not None:
            force_setattr(self, "landmarks_raw", round_array(self.landmarks_raw, _PIXEL_FACTOR))
        if pose is not None:
            yaw, pitch, roll, x, y, z, focal_px, misfit, *rounded = rounded
            force_setattr(self, "pose", Pose(yaw, pitch, roll, (x, y, z), focal_px, misfit))
        score, x_min, y_min, x_max, y_max, *rounded = rounded
        force_setattr(self, "score", score)
        force_setattr(self, "box", Box(x_min, y_min, x_max, y_max))
        if signals:
            force_setattr(self, "signals", dict(zip(signals, rounded, strict=True)))
        if self.arkit:
            shapes = round_array(np.array([*self.arkit.values()]), _SCORE_FACTOR).tolist()
            force_setattr(self, "arkit", dict(zip(self.arkit, shapes, strict=True)))

    @property
    def finite(self) -> bool:
        """Whether no number that a face must have is NaN or infinite."""
        return (
            math.isfinite(self.score + sum(self.box))
            and _is_finite(self.landmarks)
            and _is_finite(self.landmark_scores)
            and (self.landmarks_raw is None or _is_finite(self.landmarks_raw))
        )


_PIXEL_FACTOR, _SCORE_FACTOR = 10.0**PIXEL_DIGITS, 10.0**SCORE_DIGITS

_SCALAR_FACTORS = np.array(
    [*POSE_FACTORS, _SCORE_FACTOR, *[_PIXEL_FACTOR] * 4, *[_SCORE_FACTOR] * len(SIGNAL_NAMES)]
)
"""Steps a unit of a face's numbers: its pose, score, box and signals, in this order."""


@lru_cache(maxsize=8)
def _factors(count: int, numbers: int, without_pose: bool) -> NDArray[np.float64]:
    """Steps a unit of all numbers of a face: its landmarks' coordinates, their scores, its scalars."""
    first = len(POSE_FACTORS) if without_pose else 0
    scalars = _SCALAR_FACTORS[first : first + numbers]
    return np.concatenate([[_PIXEL_FACTOR] * (2 * count), [_SCORE_FACTOR] * count, scalars])


def _is_finite(values: NDArray[np.floating]) -> bool:
    """Whether no number is NaN or infinite, or so large that its square is."""
    flat = values.ravel()
    return math.isfinite(flat.dot(flat))


class FrameInfo(Struct, frozen=True, omit_defaults=True):
    """Size of the frame and, for files, its name."""

    width: Annotated[int, described("Width after rotation", "px", ge=1, le=MAX_INTEGER)]
    height: Annotated[int, described("Height after rotation", "px", ge=1, le=MAX_INTEGER)]
    name: FileName | None = None


_TIME_FACTOR = 10.0**TIME_DIGITS


class TimingMs(Struct, frozen=True):
    """How long each stage of one frame took, milliseconds; of faces that are looked at at once, their sum."""

    find: Annotated[float, milliseconds("Search for faces; 0 in a frame that is not searched")]
    crop: Annotated[float, milliseconds("Making the network's input")]
    infer: Annotated[float, milliseconds("The network")]
    decode: Annotated[float, milliseconds("Output maps to landmarks of the frame")]
    total: Annotated[
        float,
        milliseconds(
            "From the frame in hand to its landmarks: all stages but `signal`, and what lies between them"
        ),
    ]
    signal: Annotated[
        float,
        described(
            "Filter, pose and expression of all faces; after `total`",
            "ms",
            ge=0,
            digits=TIME_DIGITS,
            late=True,
        ),
    ] = 0.0

    def __post_init__(self) -> None:
        # Rounded when it is made, as a face is.
        for name, spent_ms in zip(self.__struct_fields__, astuple(self), strict=True):
            force_setattr(self, name, round_number(spent_ms, _TIME_FACTOR))


class FrameMessage(StreamMessage, frozen=True, eq=False, omit_defaults=True, tag="frame"):
    """One captured frame with its faces, also when no face is seen."""

    sequence: Annotated[
        int,
        count_of(
            "Number among the captured frames of this source, from 0; a gap is a skipped frame", "frames"
        ),
    ]
    captured_ns: Annotated[int, count_of("Instant of the capture; for a file, of the read", MONOTONIC)]
    published_ns: PublishedNs
    frame: Annotated[FrameInfo, described("Size of the frame and, for files, its name")]
    faces: Annotated[Sequence[FaceMessage], described("The faces in view; empty when none is seen")]
    timing_ms: Annotated[
        TimingMs, described("How long each stage took; of faces that are looked at at once, their sum", "ms")
    ]
    model: ModelIdentity
    scheme: (
        Annotated[
            str,
            described(
                "Landmark scheme, which sets number and order of the points; left out for `ibug_68`",
                min_length=1,
            ),
        ]
        | None
    ) = None

    @property
    def scheme_name(self) -> str:
        """Name of the landmark scheme, also where the message leaves it out."""
        return self.scheme or ibug_68.name

    def faces_of(self, scheme: str) -> Sequence[FaceMessage]:
        """The faces, if their landmarks are of this scheme; else none."""
        return self.faces if self.scheme_name == scheme else ()

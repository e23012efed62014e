"""The frame message in few bytes: CBOR (RFC 8949), with the faces packed.

What stands outside the faces has the keys and values of the JSON form. A face is a map with small integers
for keys (`FaceKey`); points are in sixteenths of a pixel, counted from the face's own corner in as many bits
as the face is wide. Every value carries its own length, and the form grows at the end of values and by new
keys only, so a reader takes what it knows and passes over the rest. Both forms decode to the same message,
but for the rounding. Layout: device/README.md, "Binary frames".
"""

import struct
from collections.abc import Callable
from enum import IntEnum
from io import BytesIO
from typing import Any

import cbor2
import numpy as np
from msgspec.structs import astuple, replace
from numpy.typing import NDArray

from device.contract.errors import BadInputError
from device.messages.arkit import ARKIT_NAMES
from device.messages.arrays import MAX_PIXELS
from device.messages.fields import SCORE_DIGITS
from device.messages.frame import POSE_FACTORS, Blinks, FaceMessage, FrameMessage, Pose
from device.messages.json_decoder import decode_message
from device.messages.json_encoder import finite, plain
from device.messages.signals import REGIONS, SIGNAL_NAMES

STEPS_PER_PIXEL = 16
"""Points and box are whole numbers of 1/16 px."""

MAX_STEPS = 2**52
"""A larger number of the pose is cut to this: a double still holds it exactly."""

SCORE_STEPS = 255
"""A landmark's score is a byte: 255 is 1."""

SIGNAL_STEPS = 127
"""A signal is a signed byte: 127 is 1, -127 is -1."""

SIGNAL_MISSING = -128
"""Stands for a signal that is not known."""

MAX_BYTES = 1_000_000
"""A longer message is refused undecoded."""

POINTS_HEAD = struct.Struct("<iiB")
"""Of packed points: least x and y in steps, bits a number."""


class FaceKey(IntEnum):
    """Keys of a face's map; what is not known has no key."""

    ID = 1
    SCORE = 2
    BOX = 3
    LANDMARKS = 4
    LANDMARK_SCORES = 5
    POSE = 6
    SIGNALS = 7
    BLINKS = 8
    OCCLUDED = 9
    LANDMARKS_RAW = 10
    ARKIT = 11


FACE_LAYOUT: dict[FaceKey, str] = {
    FaceKey.ID: "whole number: `id`",
    FaceKey.SCORE: "whole number: `score` in thousandths",
    FaceKey.BOX: "4 whole numbers: `box` in 1/16 px",
    FaceKey.LANDMARKS: "byte string: `landmarks` as packed points",
    FaceKey.LANDMARK_SCORES: "K bytes: `landmark_scores`, 255 is 1; their number is that of the points",
    FaceKey.POSE: "8 whole numbers: `pose.yaw`, `pitch`, `roll` in 0.01 degrees, `position` x, y, z in "
    "0.001 eye distances, `focal_px` in 0.01 px, `misfit` in 0.001 eye distances",
    FaceKey.SIGNALS: f"{len(SIGNAL_NAMES)} signed bytes: `signals` in the order of their table, 127 is 1, "
    "-128 is not known",
    FaceKey.BLINKS: "2 whole numbers: `blinks.right`, `blinks.left`",
    FaceKey.OCCLUDED: "whole number: `occluded`, bit 0 upwards " + ", ".join(f"`{name}`" for name in REGIONS),
    FaceKey.LANDMARKS_RAW: "byte string: `landmarks_raw` as packed points",
    FaceKey.ARKIT: f"{len(ARKIT_NAMES)} bytes: `signals.arkit` in the order of its table, 255 is 1",
}
"""What each key holds, as device/README.md prints it."""


def face_layout_table() -> str:
    """Markdown table of a face's map."""
    rows = [f"| {key.value} | {FACE_LAYOUT[key]} |" for key in FaceKey]
    return "\n".join(["| key | what it holds |", "| --- | --- |", *rows])


def _steps(pixels: Any) -> NDArray[np.int64]:
    bounded = np.clip(np.asarray(pixels, np.float64), -MAX_PIXELS, MAX_PIXELS)
    return np.rint(bounded * STEPS_PER_PIXEL).astype(np.int64)


def pack_points(points: NDArray[np.floating]) -> bytes:
    """(K, 2) pixels to bytes: POINTS_HEAD, then x and y of every point over the least, in big-endian bits."""
    steps = _steps(points)
    least = steps.min(axis=0)
    offsets = (steps - least).ravel()
    bits = int(offsets.max()).bit_length()
    places = np.arange(bits - 1, -1, -1)
    return POINTS_HEAD.pack(*least.tolist(), bits) + np.packbits(offsets[:, None] >> places & 1).tobytes()


def unpack_points(data: bytes, count: int) -> NDArray[np.float64]:
    """(count, 2) pixels.

    Raises:
        BadInputError: fewer bytes than so many points take.
    """
    *least, bits = POINTS_HEAD.unpack_from(data) if len(data) >= POINTS_HEAD.size else (0, 0, 255)
    length = POINTS_HEAD.size + (2 * count * bits + 7) // 8
    if bits > 32 or len(data) < length:
        raise BadInputError(f"packed points of {len(data)} bytes, wanted {length} for {count} points")
    flags = np.unpackbits(np.frombuffer(data, np.uint8, offset=POINTS_HEAD.size), count=2 * count * bits)
    weights = 1 << np.arange(bits - 1, -1, -1, dtype=np.int64)
    offsets = flags.reshape(2 * count, bits) @ weights
    return np.asarray((offsets.reshape(count, 2) + least) / STEPS_PER_PIXEL, np.float64)


def _pack_scores(scores: NDArray[np.floating]) -> bytes:
    return bytes(np.rint(np.clip(scores, 0, 1) * SCORE_STEPS).astype(np.uint8))


def _pack_pose(pose: Pose) -> list[int]:
    steps = np.clip(np.rint(np.array(pose.numbers) * POSE_FACTORS), -MAX_STEPS, MAX_STEPS)
    return [int(step) for step in steps]


def _pack_signals(signals: Any) -> bytes:
    steps = [
        round(signals[name] * SIGNAL_STEPS) if name in signals else SIGNAL_MISSING for name in SIGNAL_NAMES
    ]
    return np.clip(steps, SIGNAL_MISSING, SIGNAL_STEPS).astype(np.int8).tobytes()


def _pack_arkit(shapes: Any) -> bytes:
    return _pack_scores(np.array([shapes.get(name, 0.0) for name in ARKIT_NAMES]))


def _pack_occluded(occluded: Any) -> int:
    return sum((region in occluded) << place for place, region in enumerate(REGIONS))


PACKERS: dict[FaceKey, Callable[[Any], Any]] = {
    FaceKey.ID: int,
    FaceKey.SCORE: lambda score: round(score * 10**SCORE_DIGITS),
    FaceKey.BOX: lambda box: _steps(box).tolist(),
    FaceKey.LANDMARKS: pack_points,
    FaceKey.LANDMARK_SCORES: _pack_scores,
    FaceKey.POSE: _pack_pose,
    FaceKey.SIGNALS: _pack_signals,
    FaceKey.BLINKS: lambda blinks: list(astuple(blinks)),
    FaceKey.OCCLUDED: _pack_occluded,
    FaceKey.LANDMARKS_RAW: pack_points,
    FaceKey.ARKIT: _pack_arkit,
}
"""A face's field under the key's name to the value of its map."""


def _pack_face(face: FaceMessage) -> dict[int, Any]:
    known = {key: getattr(face, key.name.lower()) for key in FaceKey}
    return {int(key): PACKERS[key](value) for key, value in known.items() if value is not None}


def encode_binary(message: FrameMessage) -> bytes:
    """A frame message as CBOR."""
    bare = plain(replace(message, faces=()))
    return cbor2.dumps(bare | {"faces": [_pack_face(face) for face in finite(message).faces]})


def _whole_numbers(value: Any, count: int) -> list[int]:
    """The first `count` numbers of a list; further ones are of a later version."""
    if not isinstance(value, list) or len(value) < count or any(type(number) is not int for number in value):
        raise BadInputError(f"packed face has no {count} whole numbers where it should")
    if any(abs(number) >= 2**53 for number in value):
        raise BadInputError("packed face has a whole number that is out of reach")
    return value[:count]


def _bytes(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise BadInputError("packed face has no byte string where it should")
    return value


def _unpack_pose(value: Any) -> dict[str, Any]:
    yaw, pitch, roll, x, y, z, focal_px, misfit = (_whole_numbers(value, 8) / POSE_FACTORS).tolist()
    angles = {"yaw": yaw, "pitch": pitch, "roll": roll}
    return {**angles, "position": [x, y, z], "focal_px": focal_px, "misfit": misfit}


def _unpack_signals(value: Any) -> dict[str, float]:
    # Another version may know more signals or fewer.
    named = zip(SIGNAL_NAMES, np.frombuffer(_bytes(value), np.int8).tolist(), strict=False)
    return {name: step / SIGNAL_STEPS for name, step in named if step != SIGNAL_MISSING}


def _unpack_arkit(value: Any) -> dict[str, float]:
    return {name: step / SCORE_STEPS for name, step in zip(ARKIT_NAMES, _bytes(value), strict=False)}


def _unpack_occluded(value: Any) -> list[str]:
    (mask,) = _whole_numbers([value], 1)
    return [region for place, region in enumerate(REGIONS) if mask >> place & 1]


def _unpack_points(value: Any, count: int) -> Any:
    return unpack_points(_bytes(value), count).tolist()


UNPACKERS: dict[FaceKey, Callable[[Any, int], Any]] = {
    FaceKey.ID: lambda value, _: value,
    FaceKey.SCORE: lambda value, _: _whole_numbers([value], 1)[0] / 10**SCORE_DIGITS,
    FaceKey.BOX: lambda value, _: [step / STEPS_PER_PIXEL for step in _whole_numbers(value, 4)],
    FaceKey.LANDMARKS: _unpack_points,
    FaceKey.LANDMARK_SCORES: lambda value, _: [step / SCORE_STEPS for step in value],
    FaceKey.POSE: lambda value, _: _unpack_pose(value),
    FaceKey.SIGNALS: lambda value, _: _unpack_signals(value),
    FaceKey.BLINKS: lambda value, _: dict(
        zip(Blinks.__struct_fields__, _whole_numbers(value, 2), strict=True)
    ),
    FaceKey.OCCLUDED: lambda value, _: _unpack_occluded(value),
    FaceKey.LANDMARKS_RAW: _unpack_points,
    FaceKey.ARKIT: lambda value, _: _unpack_arkit(value),
}
"""A value of a face's map, given the face's number of points, to the value that JSON has for it."""


def _unpack_face(packed: Any) -> dict[str, Any]:
    if not isinstance(packed, dict):
        raise BadInputError("packed face is no map")
    count = len(_bytes(packed.get(FaceKey.LANDMARK_SCORES)))
    face = {
        key.name.lower(): unpack(packed[key], count) for key, unpack in UNPACKERS.items() if key in packed
    }
    if "arkit" in face:
        # Where JSON has it.
        face["signals"] = face.get("signals", {}) | {"arkit": face.pop("arkit")}
    return face


def _load(data: bytes) -> dict[Any, Any]:
    if len(data) > MAX_BYTES:
        raise BadInputError(f"message of {len(data)} bytes, wanted at most {MAX_BYTES}")
    try:
        stream = BytesIO(data)
        values = cbor2.load(stream)
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise BadInputError(f"message is no CBOR ({type(error).__name__}), wanted a binary frame") from error
    if not isinstance(values, dict) or stream.tell() != len(data):
        raise BadInputError("message is no single CBOR map, wanted a binary frame")
    return values


def decode_binary(data: bytes) -> FrameMessage:
    """The frame message of `encode_binary`, of this version of it or a later one.

    Raises:
        BadInputError: no CBOR, another message, a key that is missing or holds something else.
    """
    values = _load(data)
    if values.get("type") != "frame" or not isinstance(values.get("faces"), list):
        raise BadInputError("message is no frame with faces; only frames have a binary form")
    message = decode_message(values | {"faces": [_unpack_face(face) for face in values["faces"]]})
    assert isinstance(message, FrameMessage)
    return message


def captured_ns_of_binary(data: bytes) -> int | None:
    """When the frame was captured, without unpacking the faces; None where it does not say."""
    try:
        captured_ns = _load(data).get("captured_ns")
    except BadInputError:
        return None
    return captured_ns if isinstance(captured_ns, int) else None

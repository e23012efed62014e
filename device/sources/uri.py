"""Source addresses: `SCHEME:PLACE?OPTIONS`, the same options for every source.

The place is taken as it is written, without percent-codes; the options begin after the last `?`, so
a folder with a question mark in its name is written with one more at the end (`images:who?are?you?`).
"""

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass

from device.contract.errors import UsageError
from device.support.paths import is_file, is_folder
from device.support.suggestion import nearest, unknown_word

FORMS = {
    "demo": "demo:",
    "http": "http://HOST/PATH",
    "https": "https://HOST/PATH",
    "images": "images:FOLDER",
    "picamera2": "picamera2: or picamera2:N",
    "raw": "raw:- or raw:FILE",
    "rtsp": "rtsp://HOST/PATH",
    "v4l2": "v4l2:N or v4l2:/dev/videoN",
    "video": "video:FILE",
}
"""Each scheme and how it is written."""

PLACELESS = {"demo"}
"""Schemes that take no place."""

PLACE_MAY_LACK = {"picamera2"}
"""Schemes that have a place of their own."""

MAX_SIDE = 8192
"""Pixels; a larger frame is a slip of the keyboard."""

FORMATS = ("rgb24", "bgr24", "gray8", "yuv420")
"""Of raw frames."""

MAX_FPS = 1000.0
"""Frames a second."""


@dataclass(frozen=True)
class SourceOptions:
    """What may follow the question mark; device/README.md tells what each source does with it."""

    size_wh: tuple[int, int] | None = None
    """Pixels before rotation; None leaves it to the source."""
    fps: float | None = None
    """Frames a second; None leaves it to the source."""
    rotate: int = 0
    """Degrees clockwise: 0, 90, 180 or 270."""
    mirror: bool = False
    """Left and right exchanged, after rotation."""
    repeat: bool = False
    """Begin again at the end of the file."""
    real_time: bool | None = None
    """Whether stored frames come at their rate and the newest wins; None leaves it to the source."""
    format: str = "rgb24"
    """How the bytes of a raw frame are laid out."""


@dataclass(frozen=True)
class SourceUri:
    """A source address taken apart."""

    scheme: str
    """One of FORMS."""
    place: str
    """Folder, file or camera, as written; empty for the demo."""
    options: SourceOptions
    """What follows the question mark."""


def _with_size(options: SourceOptions, value: str) -> SourceOptions:
    match = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})", value)
    width, height = (int(match[1]), int(match[2])) if match else (0, 0)
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise ValueError(value)
    return dataclasses.replace(options, size_wh=(width, height))


def _with_fps(options: SourceOptions, value: str) -> SourceOptions:
    fps = float(value)
    if not 0 < fps <= MAX_FPS:
        raise ValueError(value)
    return dataclasses.replace(options, fps=fps)


def _with_rotate(options: SourceOptions, value: str) -> SourceOptions:
    if value not in ("0", "90", "180", "270"):
        raise ValueError(value)
    return dataclasses.replace(options, rotate=int(value))


def _with_mirror(options: SourceOptions, value: str) -> SourceOptions:
    if value not in ("0", "1"):
        raise ValueError(value)
    return dataclasses.replace(options, mirror=value == "1")


def _with_repeat(options: SourceOptions, value: str) -> SourceOptions:
    if value not in ("0", "1"):
        raise ValueError(value)
    return dataclasses.replace(options, repeat=value == "1")


def _with_pace(options: SourceOptions, value: str) -> SourceOptions:
    if value not in ("real", "fast"):
        raise ValueError(value)
    return dataclasses.replace(options, real_time=value == "real")


def _with_format(options: SourceOptions, value: str) -> SourceOptions:
    if value not in FORMATS:
        raise ValueError(value)
    return dataclasses.replace(options, format=value)


OPTIONS: dict[str, tuple[str, Callable[[SourceOptions, str], SourceOptions]]] = {
    "size": (f"WIDTHxHEIGHT, 1 to {MAX_SIDE} each, as in size=640x480", _with_size),
    "fps": (f"a number above 0, at most {MAX_FPS:g}, as in fps=30", _with_fps),
    "rotate": ("0, 90, 180 or 270", _with_rotate),
    "mirror": ("0 or 1", _with_mirror),
    "repeat": ("0 or 1", _with_repeat),
    "pace": ("real or fast", _with_pace),
    "format": (", ".join(FORMATS), _with_format),
}
"""Each option: what it wants, and how it is set; the setter raises ValueError on anything else."""

ONLY_FOR = {"repeat": ("video",), "pace": ("raw", "video"), "format": ("raw",)}
"""Options that have no meaning elsewhere."""


def parse_source_uri(text: str) -> SourceUri:
    """Take a source address apart; nothing is opened.

    Raises:
        UsageError: no or an unknown scheme, an unknown or repeated option, a value out of its range.
    """
    scheme, colon, rest = text.partition(":")
    if not colon:
        raise UsageError(_schemeless(text))
    if scheme not in FORMS:
        raise unknown_word("source", f"{scheme}:", [f"{known}:" for known in FORMS])
    before, mark, query = rest.rpartition("?")
    place = before if mark else rest
    if scheme in PLACELESS and place:
        raise UsageError(f"source demo: takes no place, got {place!r}; write demo: or demo:?size=640x480")
    if not place and scheme not in PLACELESS | PLACE_MAY_LACK:
        raise UsageError(f"source {scheme}: lacks its place; write {FORMS[scheme]}")
    return SourceUri(scheme, place, _parse_options(scheme, query if mark else ""))


def _schemeless(text: str) -> str:
    """A sentence for an address without a colon, guessing what was meant."""
    guess = nearest(f"{text}:", [f"{known}:" for known in FORMS])
    if is_folder(text):
        guess = f"; did you mean images:{text}?"
    elif is_file(text):
        guess = f"; did you mean video:{text}?"
    return f"source {text!r} has no scheme, wanted one of {', '.join(FORMS.values())}{guess}"


def _parse_options(scheme: str, query: str) -> SourceOptions:
    options, seen = SourceOptions(), set[str]()
    for word in filter(None, query.split("&")):
        key, _, value = word.partition("=")
        if key not in OPTIONS:
            raise unknown_word("source option", key, OPTIONS)
        if scheme not in ONLY_FOR.get(key, (scheme,)):
            where = " and ".join(f"{known}:" for known in ONLY_FOR[key])
            raise UsageError(f"source option {key} is for {where} only, got {scheme}:; leave it out")
        if key in seen:
            raise UsageError(f"source option {key} is given twice; give it once")
        seen.add(key)
        wanted, with_value = OPTIONS[key]
        try:
            options = with_value(options, value)
        except ValueError as error:
            raise UsageError(f"source option {key} got {value!r}, wanted {wanted}") from error
    return options

"""The sink `csv:`: a table for spreadsheets, one row for each face of each frame (RFC 4180).

A frame without a face has one row with empty cells, so that no instant is missing. `FileSink` writes, with
all that it promises about slow and full disks.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from device.config.address import Address, Scheme
from device.config.values import Within
from device.contract.landmarks import SCHEMES
from device.messages.frame import FaceMessage, FrameMessage
from device.messages.messages import Message
from device.messages.signals import SIGNAL_NAMES
from device.sinks.file import FileSink
from device.support.condition import Condition, State, worst
from device.support.paths import path_of

FRAME_COLUMNS = ("sequence", "captured_ns", "name", "width", "height")
FACE_COLUMNS = ("face", "score", "x_min", "y_min", "x_max", "y_max", "yaw", "pitch", "roll")

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""Spreadsheets take a cell that begins with one of these for a formula (OWASP, "CSV Injection")."""


@dataclass(frozen=True)
class CsvOptions:
    """Options of `csv:`."""

    max_mb: Annotated[float, Within(0.001, 1e6)] = 1000.0
    """Size of one piece, 10^6 bytes: about as many rows as a spreadsheet opens, a million."""
    keep: Annotated[int, Within(0, 1000)] = 4
    """Older pieces that stay: PATH.1 is the newest of them."""


def header_of(scheme: str) -> list[str]:
    """Names of the columns: those of frame and face, expression signals, x and y of each landmark."""
    places = [f"{name}_{axis}" for name in SCHEMES[scheme].landmark_names for axis in "xy"]
    return [*FRAME_COLUMNS, *FACE_COLUMNS, *SIGNAL_NAMES, *places]


def rows_of(message: FrameMessage) -> Iterator[list[Any]]:
    """The rows of a frame: one for each face, or one without a face."""
    frame = message.frame
    begin = [message.sequence, message.captured_ns, _as_text(frame.name or ""), frame.width, frame.height]
    for face in message.faces:
        yield [*begin, *_face_cells(face)]
    if not message.faces:
        yield begin + [""] * (len(header_of(message.scheme_name)) - len(begin))


def _face_cells(face: FaceMessage) -> list[Any]:
    pose, signals = face.pose, face.signals or {}
    turned = ("", "", "") if pose is None else (pose.yaw, pose.pitch, pose.roll)
    expression = [signals.get(name, "") for name in SIGNAL_NAMES]
    return [face.id, face.score, *face.box, *turned, *expression, *face.landmarks.ravel().tolist()]


def _as_text(name: str) -> str:
    """A file's name as no spreadsheet takes it for a formula."""
    return f"'{name}" if name.startswith(FORMULA_SIGNS) else name


def _csv_bytes(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


class CsvSink:
    """Writes the rows of every frame."""

    wants_frame_lines = False

    def __init__(self, file: FileSink) -> None:
        self._file, self._scheme = file, ""
        self._left_out = Condition()

    @property
    def condition(self) -> Condition:
        """The file's, or degraded once landmarks of another scheme have come."""
        return worst((self._file.condition, self._left_out))

    def publish(self, message: Message, line: bytes) -> None:  # noqa: ARG002 - rows, not lines of JSON
        """Queue the rows of a frame; other messages are ignored.

        Raises:
            RuntimeError: the writing thread has died of a fault of ours.
            WriteFailedError: the disk is full or gone, where it is waited for.
        """
        if not isinstance(message, FrameMessage):
            return
        if not self._scheme:
            self._scheme = message.scheme_name
            self._file.header = _csv_bytes([header_of(self._scheme)])
        if message.scheme_name != self._scheme:
            reason = (
                f"the table has the columns of {self._scheme}; faces of {message.scheme_name} are left out"
            )
            self._left_out = Condition(State.DEGRADED, reason)
            return
        self._file.publish(message, _csv_bytes(rows_of(message)))

    def wait_for_disk(self) -> None:
        """As `FileSink` does."""
        self._file.wait_for_disk()

    def stop_waiting(self) -> None:
        """As `FileSink` does."""
        self._file.stop_waiting()

    def close(self) -> None:
        """Write what is left.

        Raises:
            WriteFailedError: the disk is full or gone, where it is waited for.
        """
        self._file.close()


def open_csv(address: Address[CsvOptions]) -> CsvSink:
    """A table at the path that the address names.

    Raises:
        WriteFailedError: the folder or file cannot be written, or is no regular file.
    """
    options = address.options
    return CsvSink(FileSink(path_of(address.place), round(options.max_mb * 1e6), options.keep))


SCHEME = Scheme(
    "csv:PATH", "a table for spreadsheets, one row for each face", CsvOptions, open_csv, is_path=True
)

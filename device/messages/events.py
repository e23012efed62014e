"""Messages about single events: a face given up, a frame that could not be read, an answered command."""

from typing import Annotated

from msgspec import Struct

from device.messages.base import StreamMessage
from device.messages.commands import MAX_COMMAND_BYTES
from device.messages.fields import (
    MAX_INTEGER,
    MONOTONIC,
    FileName,
    PublishedNs,
    count_of,
)
from device.support.described import described


class FaceLost(StreamMessage, frozen=True, tag="face_lost"):
    """A face that was followed is given up. Sent once for each `id`, which is never given again."""

    sequence: Annotated[
        int,
        count_of(
            "Number of the frame at which the face was given up, a second after it was last seen", "frames"
        ),
    ]
    captured_ns: Annotated[int, count_of("Instant of the capture of that frame", MONOTONIC)]
    published_ns: PublishedNs
    id: Annotated[int, described("The face's id", ge=1, le=MAX_INTEGER)]


class NamedFrame(Struct, frozen=True):
    """A frame of a file of which no more than its name is known."""

    name: FileName


class ErrorMessage(StreamMessage, frozen=True, kw_only=True, tag="error"):
    """A frame that could not be read; the stream goes on."""

    sequence: Annotated[int, count_of("Number of the frame that was awaited", "frames")]
    captured_ns: Annotated[int, count_of("Instant of the failure", MONOTONIC)]
    published_ns: PublishedNs
    frame: Annotated[NamedFrame | None, described("For files only: the name of the frame, as in `frame`")] = (
        None
    )
    reason: Annotated[str, described("One line for people: what was got, what was wanted", min_length=1)]


class Reply(StreamMessage, frozen=True, tag="reply"):
    """Result of a command that somebody sent to the running daemon (`device/messages/commands.py`)."""

    published_ns: PublishedNs
    command: Annotated[
        str,
        described(
            "The line as it was received, printable, at most 200 characters", max_length=MAX_COMMAND_BYTES
        ),
    ]
    accepted: Annotated[bool, described("Whether it was understood and carried out")]
    reason: Annotated[str, described("One line for people: why not; may be empty when accepted")] = ""

"""Every message of the stream's schema 1, and its form as a line of JSON.

`device/README.md` is the specification for readers. Pixels are of the frame, (0, 0) the centre of its
top-left pixel; left and right are the subject's. Nanoseconds are of the monotonic clock unless a name says
utc. No number that is not finite reaches the stream: such a face or figure is left out.
"""

from device.messages.base import SCHEMA, SCHEMA_FILE, StreamMessage
from device.messages.events import ErrorMessage, FaceLost, NamedFrame, Reply
from device.messages.frame import Blinks, FaceMessage, FrameInfo, FrameMessage, Pose, TimingMs
from device.messages.health import Health, Percentiles, clock_pair
from device.messages.json_decoder import KINDS, Message, OtherMessage, decode_line, decode_message
from device.messages.json_encoder import encode, plain
from device.messages.selftest import CheckResult, SelftestMessage
from device.messages.status import PARTS, Status

__all__ = [
    "KINDS",
    "PARTS",
    "SCHEMA",
    "SCHEMA_FILE",
    "Blinks",
    "CheckResult",
    "ErrorMessage",
    "FaceLost",
    "FaceMessage",
    "FrameInfo",
    "FrameMessage",
    "Health",
    "Message",
    "NamedFrame",
    "OtherMessage",
    "Percentiles",
    "Pose",
    "Reply",
    "SelftestMessage",
    "Status",
    "StreamMessage",
    "TimingMs",
    "clock_pair",
    "decode_line",
    "decode_message",
    "encode",
    "plain",
]

"""The `status` message, which reports the condition of every part of the device."""

from typing import Annotated

from device.messages.base import StreamMessage
from device.messages.fields import PublishedNs
from device.support.condition import Condition
from device.support.described import described

PARTS = ("camera", "inference", "broker")
"""Parts of the device that can be lost and come back, as `status` and `health` messages name them."""


class Status(StreamMessage, frozen=True, tag="status"):
    """State of every part of the device; sent at the start and whenever one of them changes."""

    published_ns: PublishedNs
    camera: Annotated[Condition, described("The source of frames")] = Condition()
    inference: Annotated[Condition, described("The interpreter and its accelerator")] = Condition()
    broker: Annotated[Condition, described("The connections of the sinks")] = Condition()
    model: Annotated[Condition, described("The model file in use")] = Condition()

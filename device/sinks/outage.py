"""Whether frames come at all: without them, what a sink last said of faces is out of date."""

from device.messages.messages import Status
from device.support.condition import State


def is_outage(status: Status) -> bool:
    """Whether the camera or what looks at its frames is lost."""
    return State.LOST in (status.camera.state, status.inference.state)

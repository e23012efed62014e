"""What is reported of a face beyond its landmarks, and how strongly it is smoothed."""

from dataclasses import dataclass
from typing import Annotated, Literal

from device.config.values import Within


@dataclass(frozen=True)
class SignalSettings:
    """The filter, the camera's view, and what is sent."""

    smoothing: Literal["steady", "balanced", "quick", "off"] = "balanced"
    """The trade of steadiness against lag; measured in device/signal/README.md."""
    landmarks_raw: bool = False
    """Whether the landmarks before the filter are sent beside the filtered ones."""
    arkit: bool = False
    """Whether the expression is also sent by the names of ARKit's blend shapes, as `signals.arkit`."""
    expression: bool = True
    """Whether pose, expression signals, blinks and covered regions are sent."""
    view_degrees: Annotated[float, Within(10, 170)] = 62.0
    """Field of view of the camera along the longer side of its frame, degrees: the pose's distances and, by a
    few degrees at the frame's edge, its angles depend on it. 62 is the Pi camera module 2's."""

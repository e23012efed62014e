"""When a face begins and ends, and which face is which."""

from dataclasses import dataclass
from typing import Annotated

from device.config.values import Within


@dataclass(frozen=True)
class TrackerSettings:
    """When a face begins and ends, and which face is which. Sizes are longest sides of a face's box."""

    begin_score: Annotated[float, Within(0, 1)] = 0.6
    """Presence at which a found face is followed. By the ROC (`python -m training presence`): less than
    1 % of ground and of half-out crops pass. All validation faces would pass 0.98 too, but what is
    blurred, tiny or half covered would begin later."""
    end_score: Annotated[float, Within(0, 1)] = 0.35
    """Presence below which a followed face is not seen: lower than the beginning, or it would flicker,
    and where about 1 % of half-out crops pass, so that a track which slides off its face ends."""
    max_faces: Annotated[int, Within(1, 32)] = 4
    """Faces followed at once."""
    search_seconds: Annotated[float, Within(0, 60)] = 0.5
    """Between searches for further faces, while fewer than `max_faces` are seen. While none is seen,
    every frame is searched."""
    recover_seconds: Annotated[float, Within(0, 60)] = 0.1
    """The same while a face is unseen beside others that are seen: it may not be where it is expected."""
    keep_seconds: Annotated[float, Within(0, 60)] = 1.0
    """How long a face may be unseen and still come back under its id."""
    relook_distance: Annotated[float, Within(0, 10)] = 0.12
    """Distance of a followed face from its predicted place, in sizes, above which it is looked at once
    more: at the rim of a crop the landmarks are pulled inwards, and a jerk would drag for several frames."""
    same_face_iou: Annotated[float, Within(0, 1)] = 0.4
    """Overlap of two faces' boxes above which they are one face."""
    same_face_distance: Annotated[float, Within(0, 10)] = 0.35
    """Distance of two faces' middles, in sizes, below which they are one face."""
    crowded_distance: Annotated[float, Within(0, 10)] = 1.0
    """Distance of two faces' middles, in sizes, below which one may draw the other's landmarks: what
    they say of motion does not count until they part."""
    return_distance: Annotated[float, Within(0, 10)] = 1.0
    """How far from where it is expected, in sizes, a face may come back under its id ..."""
    return_speed: Annotated[float, Within(0, 100)] = 2.0
    """... and how much farther for each second that it was unseen, in sizes a second."""
    turn_cost: Annotated[float, Within(0, 10)] = 0.5
    """How much nearer, in sizes, a face must be to where it was last seen than another to where that is
    expected, to count as the one that turned back."""
    return_size_ratio: Annotated[float, Within(1, 10)] = 2.0
    """How much larger or smaller it may look: of a face half covered, the landmarks keep to one half."""
    refinements: Annotated[int, Within(0, 10)] = 2
    """Further passes on a newly found face, each cropped around the last one's landmarks: a finder's
    box is coarse, and the first message should already be right."""

"""Still frames with one to eight faces, each followed: what does a further face cost?"""

from collections.abc import Callable, Iterable
from itertools import count

from device.checks.tracking.figures import Truth
from device.checks.tracking.play import TruthFinder
from device.checks.tracking.scene import Person, Place, draw_scene, plain_ground
from device.checks.tracking.sequences import FPS
from device.contract.geometry import Image
from device.inference.network import LandmarkNetwork
from device.sources.demo_picture import demo_face
from device.tracking.settings import TrackerSettings
from device.tracking.tracker import Tracker

CENTERS = tuple((x, y) for y in (120.0, 360.0) for x in (80.0, 240.0, 400.0, 560.0))
"""Where the faces are, pixels of the frame."""

FACE_PX = 80.0


def crowd_of(people: int) -> tuple[Image, list[Truth]]:
    """(H, W, 3) a frame with so many faces, one to eight, and where they are."""
    photo = demo_face()
    placed = [
        (Person(photo, twin=number % 2 == 1), Place(centre_xy, FACE_PX))
        for number, centre_xy in enumerate(CENTERS[:people])
    ]
    image, shares = draw_scene(plain_ground(), placed, [])
    return image, [Truth(person, place, share) for (person, place), share in zip(placed, shares, strict=True)]


def following_calls(
    network: LandmarkNetwork, crowds: Iterable[int] = range(1, len(CENTERS) + 1)
) -> dict[str, Callable[[], object]]:
    """A call for each number of faces: the next frame of a stream that shows them, at 30 frames a second.

    The finder is one that knows the faces, so that it costs nothing.
    """
    return {_name_of(people): _following(network, people) for people in crowds}


def _name_of(people: int) -> str:
    return f"a frame, {people} followed"


def _following(network: LandmarkNetwork, people: int) -> Callable[[], object]:
    image, truths = crowd_of(people)
    finder = TruthFinder()
    finder.truths = truths
    tracker = Tracker(network, finder, TrackerSettings(max_faces=len(CENTERS)))
    frames = count()
    return lambda: tracker.track(image, round(next(frames) * 1e9 / FPS))


def further_face_ms(median_ms: dict[str, float], most: int = len(CENTERS)) -> float:
    """What each face beyond the first adds to a frame of so many, milliseconds, from the medians by call."""
    return (median_ms[_name_of(most)] - median_ms[_name_of(1)]) / (most - 1)

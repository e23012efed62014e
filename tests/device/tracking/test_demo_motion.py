"""The shipped model on the demo camera, whose motion is known exactly."""

import json
from itertools import count

import numpy as np
import pytest

from device.contract.landmarks import ibug_68
from device.daemon.connections import Outputs
from device.daemon.loop import Daemon
from device.finders.open import CentreFinder
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.settings import DaemonSettings
from device.sources.demo import DemoSource
from device.sources.demo_path import DemoPath
from device.sources.demo_photo import load_photo
from device.tracking.tracker import Tracker
from tests.fakes import ListSink

FRAMES = 720
"""Two rounds of the path at 30 frames a second."""


@pytest.fixture(scope="module")
def frames():
    """Frame messages of the daemon over two rounds, every frame in turn."""
    sink = ListSink()
    network = LandmarkNetwork(find_model("small"))
    # Every frame as soon as it is asked for, but stamped as in real time.
    ticks = count()
    source = DemoSource(load_photo(), paced=False, clock_ns=lambda: round(next(ticks) * 1e9 / DemoPath().fps))
    tracker = Tracker(network, CentreFinder())
    settings = DaemonSettings(frames=FRAMES)
    with Daemon(source, tracker, Outputs.of(sink), network.manifest.identity, settings) as daemon:
        daemon.run()
    messages = [json.loads(line) for line in sink.lines]
    return [message for message in messages if message["type"] == "frame"]


def test_landmarks_follow_the_known_motion_to_3_percent_of_the_eye_distance(frames):
    path, on_photo = DemoPath(), []
    for frame in frames:
        if frame["faces"] and not path.face_is_away(frame["sequence"]):
            place = path.photo_to_frame(frame["sequence"])
            on_photo.append(place.crop_to_frame(np.array(frame["faces"][0]["landmarks"])))
    on_photo = np.array(on_photo)
    assert len(on_photo) > 0.6 * FRAMES
    # On the photograph the face stands still: each point's mean is its constant offset.
    still = on_photo.mean(axis=0)
    right, left = ibug_68.outer_eye_corners
    eye_distance = np.linalg.norm(still[left] - still[right])
    error = np.linalg.norm(on_photo - still, axis=2).mean() / eye_distance
    print(f"mean error along the path: {100 * error:.2f} % of the eye distance")
    assert error < 0.03


def test_a_face_in_the_middle_is_always_seen_and_an_absent_one_never(frames):
    path = DemoPath()
    seconds = [frame["sequence"] / path.fps % 12 for frame in frames]
    centred = [bool(f["faces"]) for f, s in zip(frames, seconds, strict=True) if s < 6.5 or s > 11.5]
    away = [bool(f["faces"]) for f in frames if path.face_is_away(f["sequence"])]
    assert len(away) > 60
    assert np.mean(centred) > 0.99
    assert np.mean(away) < 0.05


def test_the_track_is_taken_up_again_under_a_new_id(frames):
    ids = {face["id"] for frame in frames for face in frame["faces"]}
    assert len(ids) >= 2
    assert max(len(frame["faces"]) for frame in frames) == 1

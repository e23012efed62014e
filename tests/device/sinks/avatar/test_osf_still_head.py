"""A still head before a camera, the whole way to OpenSeeFace's packets: nothing may jump."""

import numpy as np
import pytest

from device.checks.jitter.sitter import NOISE_SIGMA, SIZE_WH, demo_sitters
from device.finders.open import open_finder
from device.finders.settings import DEFAULT_FINDER
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.messages import messages as events
from device.signal.reader import Reader
from device.signal.settings import SignalSettings
from device.sinks.avatar.osf import PACKET, OsfFace, pack_face
from device.tracking.tracker import Tracker

FPS, SECONDS = 30, 70


@pytest.fixture(scope="module")
def followed():
    """Each frame with its face: they are followed once, and packed in each way."""
    network = LandmarkNetwork(find_model("small"))
    finder = open_finder(DEFAULT_FINDER, 1)
    picture, _ = demo_sitters(network, finder)[0].placed(0.0)
    tracker, reader = Tracker(network, finder), Reader(SignalSettings())
    # A sensor's noise of each frame from a bank of them: drawing it anew would take most of the time.
    rng = np.random.default_rng(0)
    bank = [rng.normal(0, NOISE_SIGMA, picture.shape).astype(np.float32) for _ in range(8)]
    pairs = []
    for number in range(FPS * SECONDS):
        noise = np.roll(bank[number % len(bank)], rng.integers(1000), axis=1)
        image = np.clip(picture + noise, 0, 255).astype(np.uint8)
        (face,) = reader.read(tracker.track(image), SIZE_WH, number / FPS)
        info, timing = events.FrameInfo(*SIZE_WH), events.TimingMs(0, 0, 0, 0, 0)
        frame = events.FrameMessage("demo", number, 0, 0, info, (), timing, network.manifest.identity)
        pairs.append((face, frame))
    return pairs


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("turns_true", [False, True])
def test_the_quaternion_of_a_still_head_never_steps_by_ten_degrees(followed, turns_true):
    known = OsfFace(0)
    packets = [pack_face(face, frame, known, turns_true=turns_true) for face, frame in followed]
    quaternions = [PACKET.unpack(packet)[8:12] for packet in packets]
    steps = np.sum(np.array(quaternions[1:]) * np.array(quaternions[:-1]), axis=1)
    farthest = 2 * np.degrees(np.arccos(np.clip(steps, -1, 1))).max()
    print(f"{len(quaternions)} frames, largest step {farthest:.2f} degrees")
    assert farthest < 10

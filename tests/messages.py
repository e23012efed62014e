"""Messages of every kind, as hypothesis draws them."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from msgspec.structs import replace

from device.contract.geometry import Box
from device.messages import messages as events
from device.messages.arkit import ARKIT_NAMES
from device.messages.signals import REGIONS, SIGNAL_NAMES
from device.support.condition import Condition, State

NS = st.integers(0, 2**62)
COUNTS = st.integers(0, 2**31)
PIXELS = st.floats(-9000, 9000, width=32)
SHARES = st.floats(0, 1, width=32)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
POINTS = arrays(np.float32, (68, 2), elements=PIXELS)
ANGLES = st.floats(-180, 180, width=32)
PLACES = st.floats(-500, 500, width=32)

POSES = st.builds(
    events.Pose,
    ANGLES,
    st.floats(-90, 90, width=32),
    ANGLES,
    st.tuples(PLACES, PLACES, PLACES),
    st.floats(1, 9000),
    st.floats(0, 9),
)
SIGNALS = st.dictionaries(st.sampled_from(SIGNAL_NAMES), st.floats(-1, 1, width=32))
ARKIT = st.fixed_dictionaries(dict.fromkeys(ARKIT_NAMES, SHARES))
BLINKS = st.builds(events.Blinks, COUNTS, COUNTS)
OCCLUDED = st.sets(st.sampled_from(REGIONS)).map(lambda chosen: [name for name in REGIONS if name in chosen])

FACES = st.builds(
    events.FaceMessage,
    id=st.integers(1, 2**31),
    score=SHARES,
    box=st.builds(Box, PIXELS, PIXELS, PIXELS, PIXELS),
    landmarks=POINTS,
    landmark_scores=arrays(np.float32, 68, elements=SHARES),
    pose=st.none() | POSES,
    signals=st.none() | SIGNALS,
    blinks=st.none() | BLINKS,
    occluded=st.none() | OCCLUDED,
    landmarks_raw=st.none() | POINTS,
    arkit=st.none() | ARKIT,
).map(lambda face: replace(face, arkit=None) if face.signals is None else face)
TIMINGS = st.builds(events.TimingMs, *[st.floats(0, 1e4)] * 5)
INFOS = st.builds(events.FrameInfo, st.integers(1, 8192), st.integers(1, 8192), st.none() | WORDS)
MODELS = st.just("small@0123abcd")

FRAMES = st.builds(
    events.FrameMessage, WORDS, COUNTS, NS, NS, INFOS, st.lists(FACES, max_size=2), TIMINGS, MODELS
)
CONDITIONS = st.builds(Condition, st.sampled_from(State), WORDS)
FIGURES = st.none() | st.floats(0, 1e6)
PERCENTILES = st.builds(events.Percentiles, *[st.floats(0, 1e6)] * 3)

MESSAGES = st.one_of(
    FRAMES,
    st.builds(events.FaceLost, WORDS, COUNTS, NS, NS, st.integers(1, 2**31)),
    st.builds(
        events.ErrorMessage, source=WORDS, sequence=COUNTS, captured_ns=NS, published_ns=NS, reason=WORDS,
        frame=st.none() | st.builds(events.NamedFrame, WORDS),
    ),
    st.builds(events.Status, WORDS, NS, CONDITIONS, CONDITIONS, CONDITIONS, CONDITIONS),
    st.builds(
        events.Health, WORDS, NS, NS, st.floats(0, 1e9), COUNTS, COUNTS, COUNTS, *[FIGURES] * 4,
        stages_ms=st.none() | st.dictionaries(WORDS, PERCENTILES, max_size=3),
        round_trip_ms=st.none() | PERCENTILES,
        broker=st.none() | CONDITIONS, restarts=st.none() | st.dictionaries(WORDS, COUNTS, max_size=3),
    ),
    st.builds(events.Reply, WORDS, NS, WORDS, st.booleans(), WORDS),
)  # fmt: skip

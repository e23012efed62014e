"""A model of another landmark scheme, from the network to the client; what needs 68 points refuses it."""

import dataclasses
import json

import msgspec
import numpy as np
import pytest
from jsonschema import Draft202012Validator

from device.client.client import LandmarkClient
from device.contract.errors import BadInputError
from device.contract.geometry import Box
from device.contract.landmarks import SCHEMES
from device.daemon.connections import Outputs
from device.daemon.loop import Daemon
from device.daemon.service import Pipeline, Service
from device.inference.network import Decoded
from device.messages import messages as events
from device.messages.cbor import decode_binary, encode_binary
from device.settings import DaemonSettings
from device.sinks import open_sink
from device.tracking.tracker import Tracker
from tests.broker import free_port
from tests.device.daemon.test_service import CENTER, FakeBuilder, FakeEngine, ScriptedSource, frames
from tests.fakes import FAKE_MANIFEST, FakeFinder, FakeNetwork, FakeSource, ListSink

VALIDATOR = Draft202012Validator(json.loads(events.SCHEMA_FILE.read_text(encoding="utf-8")))


def replaced(value, **changes):
    replace = dataclasses.replace if dataclasses.is_dataclass(value) else msgspec.structs.replace
    return replace(value, **changes)


def a_shape(scheme):
    """Points about a face's middle, in box sides, with level eyes."""
    shape = np.random.default_rng(5).uniform(-0.5, 0.5, (scheme.count, 2))
    for ring, x in zip(scheme.eye_rings, (-0.3, 0.3), strict=True):
        shape[list(ring)] = [x, -0.2]
    return shape


class OtherNetwork(FakeNetwork):
    """The fake network with the points of another scheme."""

    def __init__(self, name):
        super().__init__()
        self.manifest = replaced(FAKE_MANIFEST, scheme=name)
        self._shape = a_shape(SCHEMES[name])

    def decode(self):
        decoded = super().decode()
        rows, columns = np.nonzero(self._bright)
        middle = [columns.mean(), rows.mean()] if len(rows) else [0, 0]
        landmarks = (self._shape * np.sqrt(max(len(rows), 1)) + middle).astype(np.float32)
        return Decoded(landmarks, np.full(len(landmarks), 0.9, np.float32), decoded.presence)


def a_tracker(name):
    return Tracker(OtherNetwork(name), FakeFinder(Box.centred(CENTER, (100, 100))))


class OtherBuilder(FakeBuilder):
    """Builds pipelines of the scheme that the settings name as their model, and real sinks."""

    def sink(self, uri):
        self.sinks[uri] = ListSink() if uri == "list:" else open_sink(uri)
        return self.sinks[uri]

    def pipeline(self, settings, previous):
        self.engines.append(FakeEngine(settings.model))
        return Pipeline(a_tracker(settings.model), self.engines[-1])


@pytest.mark.parametrize(("name", "count"), [("wflw_98", 98), ("arcface_5", 5), ("ibug_68", 68)])
def test_a_face_of_any_scheme_comes_to_the_client_in_both_forms(name, count):
    sink = ListSink()
    source = FakeSource(frames(4), "cam0", live=True)
    with Daemon(source, a_tracker(name), Outputs.of(sink), "fake@ffffffff", DaemonSettings()) as daemon:
        daemon.run()
    sent = [message for message in sink.messages if isinstance(message, events.FrameMessage)]
    assert len(sent) == 4
    for message, line in zip(sink.messages, sink.lines, strict=True):
        VALIDATOR.validate(json.loads(line))
        client = LandmarkClient(None)
        client.receive(line)
        if isinstance(message, events.FrameMessage):
            check_face(client.take(0), name, count, line)
            check_face(decode_binary(encode_binary(message)), name, count, line)


def check_face(frame, name, count, line):
    (face,) = frame.faces
    assert frame.scheme == (None if name == "ibug_68" else name)
    assert frame.scheme_name == name
    assert (face.landmarks.shape, face.landmark_scores.shape) == ((count, 2), (count,))
    wanted = json.loads(line)["faces"][0]["landmarks"]
    np.testing.assert_allclose(face.landmarks, wanted, atol=1 / 32 + 1e-9)
    assert (face.blinks is None) == (name != "ibug_68")


def a_service(builder, *settings):
    changes = iter(settings)
    return Service(lambda: next(changes), builder, wait=lambda _: None)


@pytest.mark.parametrize("scheme", ["udp-osf", "osc-vmc"])
def test_a_sink_that_needs_68_points_refuses_at_opening_in_one_line(scheme):
    builder = OtherBuilder(ScriptedSource(frames(2)))
    address = f"{scheme}:127.0.0.1:{free_port()}"
    service = a_service(builder, DaemonSettings(source="x:", sinks=("list:", address), model="wflw_98"))
    with pytest.raises(BadInputError, match=f"sink {scheme}: needs landmark scheme ibug_68") as caught:
        service.run()
    assert "\n" not in str(caught.value)
    assert builder.opened == []
    assert builder.sinks["list:"].closed
    assert builder.engines[0].closed


def test_a_reload_to_a_scheme_that_an_open_sink_cannot_use_changes_nothing():
    address = f"osc-vmc:127.0.0.1:{free_port()}"
    before = DaemonSettings(source="x:", sinks=("list:", address), model="ibug_68")
    after = dataclasses.replace(before, model="arcface_5")
    source = ScriptedSource()
    builder = OtherBuilder(source)
    service = a_service(builder, before, after)
    source.runs = [[*frames(2), service.reload, *frames(1, 2)], frames(2, 3)]
    service.run()
    sent = [m for m in builder.sinks["list:"].messages if isinstance(m, events.FrameMessage)]
    assert sent
    assert all(message.scheme is None for message in sent)
    assert [engine.identity for engine in builder.engines] == ["ibug_68", "arcface_5"]


def test_a_replayed_frame_of_another_scheme_moves_no_avatar():
    size, timing = events.FrameInfo(640, 480), events.TimingMs(0, 0, 0, 0, 0)
    frame = events.FrameMessage("cam0", 1, 1, 2, size, [], timing, "m@00000000", "wflw_98")
    assert frame.faces_of("wflw_98") is frame.faces
    assert frame.faces_of("ibug_68") == ()
    points = np.zeros((98, 2))
    face = events.FaceMessage(1, 0.5, Box(0, 0, 1, 1), points, np.ones(98))
    sink = open_sink(f"udp-osf:127.0.0.1:{free_port()}")
    try:
        message = msgspec.structs.replace(frame, faces=[face])
        sink.publish(message, events.encode(message))
    finally:
        sink.close()

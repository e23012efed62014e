"""Live Link Face's packet, read byte by byte as public readers of it read it, from a real socket."""

import struct

import numpy as np
import pytest

from device.messages.arkit import ARKIT_SHAPES
from device.sinks import open_sink


@pytest.fixture
def sink(receiver):
    sink = open_sink(f"udp-livelink:127.0.0.1:{receiver.getsockname()[1]}?subject=Näse")
    yield sink
    sink.close()


def read(data):
    """Every field, each after the one before."""
    assert data[0] == 6
    device_end = 5 + int.from_bytes(data[1:5], "big")
    name_start = device_end + 4
    name_end = name_start + int.from_bytes(data[device_end:name_start], "big")
    frame, part, rate, base, count = struct.unpack_from("!if2ib", data, name_end)
    values = np.frombuffer(data, ">f4", offset=name_end + 17)
    assert count == len(values) == 61
    return {
        "device": data[5:device_end].decode(), "name": data[name_start:name_end].decode(),
        "seconds": (frame + part) * base / rate, "shapes": dict(zip(ARKIT_SHAPES, values[:52], strict=True)),
        "head": np.degrees(values[52:55]), "eyes": values[55:],
    }  # fmt: skip


def test_the_packet_has_the_apps_layout(receiver, sink, make_face, publish_frame):
    face = make_face(signals={"jaw_open": 0.5, "mouth_open": 0.5, "smile_right": 0.25})
    publish_frame(sink, face, captured_ns=5_025_000_000)
    data = receiver.recv(65536)
    got = read(data)
    # Readers that take the device id for 37 characters begin with the subject's length at byte 41.
    assert (len(got["device"]), data[41:45]) == (36, bytes([0, 0, 0, 5]))
    assert got["name"] == "Näse"
    assert got["seconds"] == pytest.approx(5.025, abs=1e-4)
    assert {name: value for name, value in got["shapes"].items() if value} == {
        "jawOpen": 0.5, "mouthSmileRight": 0.25,
    }  # fmt: skip
    assert not got["head"].any()
    assert not got["eyes"].any()


@pytest.mark.parametrize(
    ("pose", "wanted"),
    # Unreal's rotators: to the right, up, to the right shoulder.
    [((30, 0, 0), (-30, 0, 0)), ((0, 20, 0), (0, 20, 0)), ((0, 0, 10), (0, 0, -10))],
)
def test_the_heads_angles_are_unreals(receiver, sink, make_face, publish_frame, pose, wanted):
    publish_frame(sink, make_face(pose=pose, signals={}))
    np.testing.assert_allclose(read(receiver.recv(65536))["head"], wanted, atol=1e-4)


def test_the_device_is_the_same_in_every_run(receiver, sink, make_face, publish_frame):
    publish_frame(sink, make_face(signals={}))
    again = open_sink(f"udp-livelink:127.0.0.1:{receiver.getsockname()[1]}?subject=Näse")
    publish_frame(again, make_face(signals={}))
    again.close()
    assert read(receiver.recv(65536))["device"] == read(receiver.recv(65536))["device"]


def test_without_a_face_nothing_is_sent(receiver, sink, publish_frame, lost_camera):
    publish_frame(sink)
    sink.publish(lost_camera, b"")
    receiver.settimeout(0.2)
    with pytest.raises(TimeoutError):
        receiver.recv(65536)


def test_a_clock_of_two_years_still_fits(receiver, sink, make_face, publish_frame):
    publish_frame(sink, make_face(signals={}), captured_ns=2 * 366 * 86_400 * 10**9)
    assert read(receiver.recv(65536))["seconds"] >= 0

"""What the examples for game engines make of the packets that the device really sends."""

import json
import os
import re
import shutil
import socket
import subprocess
import time

import numpy as np
import pytest

from device.contract.geometry import Box
from device.messages import messages as events
from device.sinks import open_sink
from device.sinks.avatar.osf import PACKET
from tests.browser.faces import turn
from tests.conftest import ROOT

EXAMPLES = ROOT / "examples"
HERE = ROOT / "tests" / "examples"
YAW, PITCH, ROLL = 25.0, -12.0, 18.0

# Camera axes (y down, z away) to a scene's with y up and z towards the viewer.
FLIP = np.diag([1.0, -1.0, -1.0])


def need(program, package):
    """Skip, loudly, where an engine is not there; CI must have it."""
    if shutil.which(program) is None:
        sentence = f"no {program} here: apt-get install {package}"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)


def a_frame():
    landmarks = np.linspace(100, 300, 136).reshape(68, 2)
    pose = events.Pose(YAW, PITCH, ROLL, (0.2, -0.1, 6.0), 640.0, 0.01)
    signals = {"eye_open_right": 0.25, "eye_open_left": 0.75}
    face = events.FaceMessage(1, 0.9, Box.around(landmarks), landmarks, np.full(68, 0.5), pose, signals)
    now = time.monotonic_ns()
    size, timing = events.FrameInfo(640, 480), events.TimingMs(0, 0, 1, 0, 1)
    return events.FrameMessage("demo", 1, now, now, size, [face], timing, "m@00000000")


def sent_packet():
    """The bytes of one frame, from a real socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(2)
        sink = open_sink(f"udp-osf:127.0.0.1:{receiver.getsockname()[1]}?pose=true")
        message = a_frame()
        sink.publish(message, events.encode(message))
        sink.close()
        return receiver.recv(65536)


def head_turn():
    """(3, 3) in the scene's axes, from the stream's definition: R = Ry(-yaw) Rx(-pitch) Rz(roll)."""
    return FLIP @ turn("y", -YAW) @ turn("x", -PITCH) @ turn("z", ROLL) @ FLIP


def rotation_of(quaternion):
    """(3, 3) of x, y, z, w, by the textbook."""
    x, y, z, w = quaternion
    return np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip


def test_godots_script_reads_the_packet_and_turns_the_node_as_the_head_turns(tmp_path):
    """Under Godot 3, which Debian has: there a Quaternion is called Quat; the node itself wants Godot 4."""
    need("godot3-server", "godot3-server")
    packet = sent_packet()
    (tmp_path / "packet").write_bytes(packet)
    (tmp_path / "project.godot").write_text("config_version=4\n")
    shutil.copy(EXAMPLES / "godot" / "osf_packet.gd", tmp_path)
    shutil.copy(HERE / "print_packet.gd", tmp_path)
    script = (EXAMPLES / "godot" / "face.gd").read_text()
    function = re.search(r"^static func turn_of.*", script, re.MULTILINE | re.DOTALL)[0]
    (tmp_path / "turn.gd").write_text(function.replace("Quaternion", "Quat"))
    command = ["godot3-server", "--no-window", "--path", str(tmp_path), "-s", "print_packet.gd"]
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    told = re.search(r"^packet (.*)$", done.stdout, re.MULTILINE)
    assert told, done.stdout + done.stderr
    face = json.loads(told[1])
    np.testing.assert_allclose(rotation_of(face.pop("turn")), head_turn(), atol=1e-5)
    np.testing.assert_allclose(flat(face), PACKET.unpack(packet), rtol=1e-5, atol=1e-5)
    assert face["eyes_open"] == [0.25, 0.75]


FIELDS = [
    "seconds", "id", "frame_size", "eyes_open", "found", "misfit", "quaternion", "angles", "place", "scores",
    "points", "points_3d", "features",
]  # fmt: skip


def flat(face):
    """The packet's numbers in order."""
    return np.concatenate([np.atleast_1d(np.array(face[name], float)) for name in FIELDS])


def test_unitys_script_turns_its_object_as_the_head_turns(tmp_path):
    """With a fake of the little of Unity that it uses; compiled and run by Mono."""
    need("mcs", "mono-mcs")
    need("mono", "mono-runtime")
    sources = [*(EXAMPLES / "unity").glob("*.cs"), HERE / "fake_unity.cs"]
    program = tmp_path / "game.exe"
    subprocess.run(["mcs", "-warnaserror", f"-out:{program}", *map(str, sources)], check=True, timeout=60)
    with subprocess.Popen(["mono", str(program)], stdout=subprocess.PIPE, text=True) as game:
        try:
            assert game.stdout.readline() == "listening\n"
            sink = open_sink("udp-osf:127.0.0.1?pose=true")
            message = a_frame()
            sink.publish(message, events.encode(message))
            sink.close()
            x, y, z, w = map(float, game.stdout.readline().split())
        finally:
            game.kill()
    # Unity's z points the other way: mirrored there and back.
    mirror = np.diag([1.0, 1.0, -1.0])
    np.testing.assert_allclose(mirror @ rotation_of((x, y, z, w)) @ mirror, head_turn(), atol=1e-5)

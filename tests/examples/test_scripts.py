"""The examples that are scripts, fed by the real sinks."""

import importlib.util
import os
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from pythonosc.osc_bundle import OscBundle

from device.contract.geometry import Box
from device.messages import messages as events
from device.sinks import open_sink
from device.sinks.mqtt.discovery import announcements
from device.sinks.mqtt.settings import MqttSettings
from tests.conftest import ROOT

EXAMPLES = ROOT / "examples"


def a_frame(sequence, yaw=0.0, faces=1, **signals):
    landmarks = np.linspace(100, 300, 136).reshape(68, 2)
    pose = events.Pose(yaw, 0.0, 0.0, (0.0, 0.0, 6.0), 640.0, 0.01)
    face = events.FaceMessage(1, 0.9, Box.around(landmarks), landmarks, np.full(68, 0.5), pose, signals)
    now = time.monotonic_ns()
    size, timing = events.FrameInfo(640, 480), events.TimingMs(0, 0, 1, 0, 1)
    return events.FrameMessage("demo", sequence, now, now, size, [face] * faces, timing, "m@00000000")


def publish(sink, message):
    sink.publish(message, events.encode(message))


def test_looking_away_is_told_when_it_begins_and_when_it_ends():
    sink = open_sink("web:0")
    yaws, ending = [0.0], threading.Event()

    def play():
        for sequence in range(2000):
            publish(sink, a_frame(sequence, yaws[-1]))
            if ending.wait(0.02):
                return

    player = threading.Thread(target=play)
    player.start()
    script = str(EXAMPLES / "python" / "looking_away.py")
    command = [sys.executable, script, f"ws://127.0.0.1:{sink.port}/stream"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as program:
            told = [program.stdout.readline()]
            for yaw in (40.0, 5.0):
                yaws.append(yaw)
                told.append(program.stdout.readline())
            program.terminate()
    finally:
        ending.set()
        player.join()
        sink.close()
    assert told == ["face 1 looks here\n", "face 1 looks away\n", "face 1 looks here\n"]


class FakeTable:
    """A table of TouchDesigner, as far as the callback uses it."""

    def __init__(self):
        self.rows = {}

    def row(self, name):
        return self.rows.get(name)

    def appendRow(self, row):
        self.rows[row[0]] = row

    def __setitem__(self, place, value):
        name, column = place
        self.rows[name][column] = value

    def clear(self):
        self.rows.clear()


@pytest.fixture
def touchdesigner():
    """The callback, and the table that it fills."""
    path = EXAMPLES / "touchdesigner" / "osc_callbacks.py"
    spec = importlib.util.spec_from_file_location("osc_callbacks", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    table = FakeTable()
    module.op = {module.SHAPES: table}.__getitem__
    return module.onReceiveOSC, table


def test_touchdesigners_table_has_the_newest_shapes_and_is_empty_without_a_face(touchdesigner):
    callback, table = touchdesigner
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(2)
        sink = open_sink(f"osc-vmc:127.0.0.1:{receiver.getsockname()[1]}?shapes=arkit")

        def after(message):
            publish(sink, message)
            for part in OscBundle(receiver.recv(65536)):
                callback(None, 0, "", b"", 0.0, part.address, part.params, None)
            return {name: row[1] for name, row in table.rows.items()}

        assert after(a_frame(1, jaw_open=0.5))["jawOpen"] == 0.5
        shapes = after(a_frame(2, jaw_open=0.25))
        assert shapes["jawOpen"] == 0.25
        assert len(shapes) > 20
        assert after(a_frame(3, faces=0)) == {}
        sink.close()


def test_home_assistants_automation_names_an_entity_that_is_announced():
    """It makes an entity's id of the device's name and the entity's; Home Assistant itself is not run."""
    text = (EXAMPLES / "home_assistant" / "automation.yaml").read_text()
    announced = [
        publication.topic
        for publication in announcements(MqttSettings("broker", 1883, "hall", discovery=True))
    ]
    assert "homeassistant/binary_sensor/hall/face/config" in announced
    assert text.count("entity_id: binary_sensor.hall_face") == 2

"""The walk of convert/README.md, as a newcomer types it: from an ONNX file to a stream of landmarks."""

import json
import os
import re
import shlex
import subprocess
import sys

import cv2
import numpy as np
import pytest

from tests.convert.field_table import write_onnx

UNTRAINED = {
    "convert": ("--max-error", "1e9", "--int8-budget", "100"),
    "device": ("--set", "tracker.begin_score=0", "--set", "tracker.end_score=0"),
}
"""By program. The test's network has random weights; a reader's has learnt faces."""


def walk(root):
    """The commands of the README."""
    text = (root / "convert" / "README.md").read_text()
    block = re.search(r"## Bring your own network.*?```sh\n(.*?)```", text, re.DOTALL)
    return block.group(1).strip().splitlines()


def write_pictures(folder):
    """Photographs of one face at several sizes, places and brightnesses."""
    from device.sources.demo_photo import load_photo

    photo = load_photo()
    folder.mkdir()
    for number in range(20):
        scale, shift = 0.5 + 0.05 * (number % 8), 12 * (number % 5)
        small = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        placed = cv2.copyMakeBorder(small, shift, 0, shift, 0, cv2.BORDER_REPLICATE)
        bright = np.clip(placed * (0.8 + 0.02 * number), 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{number:02}.png"), bright[:, ::-1] if number % 2 else bright)


def test_the_walk_has_at_most_four_commands(root):
    assert 1 < len(walk(root)) <= 4


@pytest.mark.convert
@pytest.mark.timeout(1200)  # a whole conversion, on a machine that may be busy
def test_the_walk_ends_in_a_stream_of_98_points(root, tmp_path, converter):
    write_onnx("PFLD", tmp_path / "pfld.onnx")
    write_pictures(tmp_path / "pictures")
    environment = {**os.environ, "PYTHONPATH": str(root), "LANDMARKS_CONVERT_PYTHON": str(converter)}
    for command in walk(root):
        words = [sys.executable if word == "python" else word for word in shlex.split(command)]
        ended = subprocess.run(
            [*words, *UNTRAINED[words[2]]],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
    messages = [json.loads(line) for line in ended.stdout.splitlines()]
    frames = [message for message in messages if message["type"] == "frame"]
    assert len(frames) == 20
    faces = [face for frame in frames for face in frame["faces"]]
    assert faces
    assert {len(face["landmarks"]) for face in faces} == {98}
    manifest = json.loads((tmp_path / "build" / "pfld" / "student.json").read_text())
    assert manifest["scheme"] == "wflw_98"
    assert manifest["provenance"]["presence"] == "fitted on the calibration pictures"

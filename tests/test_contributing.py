"""The walks of CONTRIBUTING.md are applied to a copy of the package, word by word, and their commands run."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEAD = re.compile(r"# (?:new: (?P<new>\S+)|in (?P<old>\S+), (?P<how>after|replace): (?P<mark>.*))\n")


def walks(root):
    """The blocks of each walk by its title."""
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    parts = re.split(r"^### (.*)$", text, flags=re.MULTILINE)[1:]
    return {title: BLOCK.findall(part) for title, part in zip(parts[::2], parts[1::2], strict=True)}


def apply(block, copy):
    """Write a new file, or change an existing one."""
    head = HEAD.match(block)
    assert head, f"a block does not say where it goes: {block.splitlines()[0]}"
    body = block[head.end() :]
    if head["new"]:
        path = copy / head["new"]
        assert not path.exists()
        path.write_text(body, encoding="utf-8")
        return
    path, mark = copy / head["old"], head["mark"]
    text = path.read_text(encoding="utf-8")
    assert text.count(mark) == 1, f"{head['old']} has {mark!r} {text.count(mark)} times"
    changed = f"{mark}\n{body.rstrip()}" if head["how"] == "after" else body.rstrip()
    path.write_text(text.replace(mark, changed), encoding="utf-8")


@pytest.fixture(scope="module")
def applied(root, tmp_path_factory):
    """A copy of the package to which every walk has been applied, and what each command printed."""
    copy = tmp_path_factory.mktemp("contributing")
    ignored = shutil.ignore_patterns("node_modules", "__pycache__", "built*", "models")
    shutil.copytree(root / "device", copy / "device", ignore=ignored)
    (copy / "device" / "models").symlink_to(root / "device" / "models")
    printed = {}
    for title, blocks in walks(root).items():
        for language, block in blocks:
            if language == "python":
                apply(block, copy)
                continue
            for command in block.splitlines():
                printed.setdefault(title, []).append(run(command, copy))
    return printed


def run(command, copy):
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    words = command.replace("python ", f"{sys.executable} ", 1)
    done = subprocess.run(
        words, shell=True, cwd=copy, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done


def frames_of(done):
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    return [message for message in messages if message["type"] == "frame"]


def test_a_source_is_one_new_file_and_one_line(root, applied):
    assert [language for language, _ in walks(root)["A source"]] == ["python", "python", "sh"]
    frames = frames_of(applied["A source"][0])
    assert len(frames) == 3
    # A quarter turn of 160 x 120.
    assert {(frame["frame"]["width"], frame["frame"]["height"]) for frame in frames} == {(120, 160)}
    assert all(frame["source"] == "noise" and frame["faces"] == [] for frame in frames)


def test_a_sink_is_one_new_file_and_one_line(root, applied):
    assert [language for language, _ in walks(root)["A sink"]] == ["python", "python", "sh"]
    done = applied["A sink"][0]
    assert [line for line in done.stderr.splitlines() if line.isdigit()] == ["0", "0", "0"]


def test_a_scheme_is_data(applied):
    assert len(applied["A landmark scheme"]) == 1


def test_a_signal_is_a_name_a_measure_and_what_is_usual(applied):
    faces = [face for frame in frames_of(applied["An expression signal"][1]) for face in frame["faces"]]
    assert faces
    assert all(-1 <= face["signals"]["nose_to_lip"] <= 1 for face in faces if "signals" in face)
    assert any("signals" in face for face in faces)

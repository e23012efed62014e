"""What a user gives to `make` reaches the programs as typed, in a folder with spaces, for every target."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOSTILE = "a b (1) $HOME $(x) 'q' \"r\" `id` ;&|<>#*\\ ä"
"""Blanks, parentheses, quotes and whatever else means something to make or to a shell."""

RECORDER = """#!/usr/bin/env python3
import json, os, sys
with open(os.environ["RECORD"], "a") as record:
    print(json.dumps(sys.argv[1:]), file=record)
"""

VALUES = {
    "run": ("SOURCE", "SINK", "FRAMES"),
    "pretrain": ("DATA", "RUNS", "IMAGES", "BATCH", "TRUNK_IMAGES"),
    "train": ("DATA", "RUNS", "IMAGES", "BATCH", "TRUNK_IMAGES"),
    "distill": ("DATA", "RUNS", "IMAGES", "RUN", "YUNET", "BUDGET"),
    "ablate": ("DATA", "RUNS", "IMAGES"),
    "seeds": ("DATA", "RUNS", "IMAGES"),
    "longer": ("DATA", "RUNS", "IMAGES"),
    "convert": ("RUN", "NAME", "DATA", "YUNET", "BUDGET", "RUNS"),
    "quantizers": ("RUN", "DATA"),
    "edgetpu": ("MODEL",),
    "ethos-u": ("MODEL",),
    "ladder": ("DATA", "RUNS", "IMAGES"),
    "recover": ("SIZE", "DATA", "YUNET", "RUNS"),
    "finder": ("DATA", "YUNET", "RUNS"),
    "evaluate": ("MODEL", "DATASET"),
    "open-data": ("AVATARS", "FAIRFACE", "DATA"),
    "open": ("DATA", "RUNS"),
    "results": ("RUNS",),
    "jitter": ("PICTURES",),
    "bench-peers": (
        "DATASET",
        "LIST",
        "FACES",
        "YUNET",
        "OPENSEEFACE",
        "PFLD",
        "DLIB",
        "SECTIONS",
        "RUNS",
    ),
    "selftest": ("BUDGET", "SPREAD"),
    "doctor": ("CONFIG",),
    "chaos": ("SECONDS", "SEED"),
    "soak": ("SECONDS", "RUNS"),
    "payload": ("EDGETPU_DEB", "EDGETPU_SHA256"),
    "pi-image": ("IMAGE", "SETTINGS"),
    "flash-pi": ("IMAGE", "DEVICE", "SETTINGS", "CONFIRM", "MAX_SIZE_GIB"),
    "deploy-pi": ("HOST", "SETTINGS"),
}
"""The variables that each target hands on."""

NEEDED = {
    "pretrain": {"RECIPE": "kd_net"},
    "train": {"RECIPE": "kd_net"},
    "ablate": {"RECIPE": "kd_net"},
    "seeds": {"RECIPE": "kd_net"},
    "longer": {"RECIPE": "kd_net-edge"},
}


@pytest.fixture
def checkout(tmp_path, root):
    """The Makefile in a folder of its own, whose environments hold programs that record their arguments."""
    folder = tmp_path / "my checkout (1) 'x'"
    for name in ("training/configs", "requirements", "device/models"):
        shutil.copytree(root / name, folder / name)
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(root / name, folder / name)
    for name in ("", "-device", "-picamera2", "-convert", "-bench", "-ethos-u", "-quantizer", "-tools"):
        python = folder / f".venv{name}/bin/python"
        python.parent.mkdir(parents=True)
        python.write_text(RECORDER)
        python.chmod(0o755)
        (folder / f".venv{name}/.built").touch()
    for name in ("device/web/built/index.html", "device/assets/astronaut.jpg", "runs/small/network.pt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def run_make(checkout, target, given):
    record = checkout.parent / "record"
    record.unlink(missing_ok=True)
    python = checkout / ".venv/bin/python"
    environment = {name: value for name, value in os.environ.items() if name not in given}
    done = subprocess.run(
        ["make", target, f"PYTHON={python}", *(f"{name}={value}" for name, value in given.items())],
        cwd=checkout, env={**environment, "RECORD": str(record)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    calls = record.read_text().splitlines() if record.exists() else []
    return done, [json.loads(call) for call in calls]


@pytest.mark.parametrize("target", VALUES)
def test_every_value_arrives_as_it_was_typed(checkout, target):
    given = {name: f"{name} {HOSTILE}" for name in VALUES[target]}
    done, calls = run_make(checkout, target, {**NEEDED.get(target, {}), **given})
    assert done.returncode == 0, done.stderr
    arguments = [argument for call in calls for argument in call]
    for name, value in given.items():
        assert any(value in argument for argument in arguments), f"{name}: {arguments}"
        # Whole, or part of a path or an address, and nowhere torn: what begins as the value goes on as it.
        begun = [argument for argument in arguments if f"{name} a" in argument]
        assert all(value in argument for argument in begun), begun
    # No shell and no make has taken anything of them for its own.
    assert not re.search(r"uid=\d+", done.stdout + done.stderr)


def test_every_variable_of_the_makefile_is_tried(root):
    text = (root / "Makefile").read_text()
    listed = set(re.search(r"^GIVEN := ((?:.*\\\n)*.*)$", text, re.MULTILINE)[1].replace("\\", "").split())
    tried = {name for names in VALUES.values() for name in names}
    # These choose a folder of the repository, a port or a switch, or are tried with each call.
    assert listed - tried == {
        "PYTHON",
        "RECIPE",
        "WEB",
        "ALL",
        "UNMOUNT",
        "BACK",
        "ALLOW_DOWNGRADE",
        "TEST",
        "QUICK",
    }


def test_every_variable_that_the_help_names_counts_as_typed(root):
    text = (root / "Makefile").read_text()
    listed = set(re.search(r"^GIVEN := ((?:.*\\\n)*.*)$", text, re.MULTILINE)[1].replace("\\", "").split())
    named = {word for line in re.findall(r"^[a-z-]+:.*## (.*)$", text, re.MULTILINE)
             for word in re.findall(r"\b([A-Z][A-Z_0-9]+)=", line)}  # fmt: skip
    assert named - {"UPGRADE"} <= listed


def test_a_value_of_two_lines_is_refused_by_name(checkout):
    done, calls = run_make(checkout, "evaluate", {"MODEL": "a\nb", "DATASET": "300w:x"})
    assert done.returncode != 0
    assert "MODEL=... has more than one line" in done.stderr
    assert not calls


def test_an_unknown_recipe_is_refused_with_those_there_are(checkout):
    done, calls = run_make(checkout, "train", {"RECIPE": "my recipe"})
    assert "RECIPE=my recipe: wanted one of:" in done.stderr
    assert "kd_net" in done.stderr
    assert not calls


def test_an_image_that_is_none_is_refused_before_anything_is_built(checkout, root):
    for name in ("firmware_config", "device/contract"):
        shutil.copytree(root / name, checkout / name, dirs_exist_ok=True)
    (checkout / "device/__init__.py").touch()
    (checkout / ".venv-device/.built").unlink()
    done = subprocess.run(
        ["make", "flash-pi", "IMAGE=no such.img", "DEVICE=/dev/sdX"],
        cwd=checkout, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "error: IMAGE=no such.img: wanted a file" in done.stderr
    assert not (checkout / ".venv-device/.built").exists()
    assert not Path(checkout / "dist").exists()


def test_a_pi_camera_runs_in_the_environment_that_sees_the_systems_packages(checkout):
    (checkout / ".venv-device/bin/python").write_text("#!/bin/sh\nexit 9\n")
    address = "picamera2:?size=640x480"
    done, calls = run_make(checkout, "run", {"SOURCE": address, "WEB": ""})
    assert done.returncode == 0, done.stderr
    assert ["-m", "device", "run", "--source", address, "--sink", "stdout:"] in calls


def install(root, folder, lock, *parts, **environment):
    """`requirements/install.sh` with an environment in a folder of its own."""
    command = ["sh", root / "requirements/install.sh", folder, lock, *parts]
    shown = {**os.environ, "PATH": "/usr/bin:/bin", "PYTHON": sys.executable, **environment}
    return subprocess.run(command, cwd=root, env=shown, capture_output=True, text=True, check=False)


def test_the_environment_of_a_pi_camera_sees_the_systems_packages_and_takes_their_pythons_lock(
    root, tmp_path
):
    (tmp_path / "picamera2.py").touch()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    (tmp_path / f"pi-{version}.lock").write_text("# no wheels; written by hand\n")
    done = install(root, tmp_path / "venv", tmp_path / "pi-PYTHON.lock", "system", PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "installing no wheels" in done.stdout
    assert "include-system-site-packages = true" in (tmp_path / "venv/pyvenv.cfg").read_text()


def test_without_picamera2_or_its_python_nothing_is_built(root, tmp_path):
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    lock, missing = tmp_path / f"pi-{version}.lock", tmp_path / "pi-PYTHON.lock"
    done = install(root, tmp_path / "venv", missing, "system")
    assert (done.returncode, "wanted the Python of Raspberry Pi OS" in done.stderr) == (5, True)
    lock.write_text("# no wheels\n")
    done = install(root, tmp_path / "venv", missing, "system")
    assert (done.returncode, "sudo apt install python3-picamera2" in done.stderr) == (5, True)
    assert not (tmp_path / "venv").exists()

"""The wheel: what is in it, and that its default commands work in an environment that holds nothing else."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile

import pytest

import device


def quietly(*command, cwd, **environment):
    """Run to the end; nothing of this checkout is importable."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        list(map(str, command)), cwd=cwd, env={**inherited, **environment}, capture_output=True, text=True,
        timeout=280, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def sources(root, tmp_path_factory):
    """A fresh checkout: what git would keep, without the photograph and with a page that was built."""
    folder = tmp_path_factory.mktemp("sources")
    skipped = shutil.ignore_patterns("astronaut.*", "built*", "node_modules", "__pycache__")
    shutil.copytree(root / "device", folder / "device", ignore=skipped)
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(root / name, folder)
    built = folder / "device/web/built"
    (built / "samples").mkdir(parents=True)
    for name in ("index.html", "page.js", "landmark-client.js", "samples/demo.jsonl.gz"):
        (built / name).write_text(f"built {name}")
    return folder


@pytest.fixture(scope="module")
def wheel(sources):
    """The wheel, by the locked build backend of this environment."""
    done = quietly(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
        "--wheel-dir", "dist", ".", cwd=sources,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (path,) = (sources / "dist").glob("landmarks-*.whl")
    return path


@pytest.fixture(scope="module")
def environment(root, wheel, tmp_path_factory):
    """A fresh environment with the wheel, and what it says that it needs, as the lock file has it."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder / "venv", with_pip=True)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (folder / "wheel.txt").write_text(f"landmarks @ {wheel.as_uri()} --hash=sha256:{digest}\n")
    python = folder / "venv/bin/python"
    done = quietly(
        python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile",
        "--require-hashes", "-r", root / "requirements/device.lock", "-r", folder / "wheel.txt", cwd=folder,
    )  # fmt: skip
    if done.returncode != 0 and os.environ.get("CI") != "true" and "No matching distribution" in done.stderr:
        pytest.skip(f"no package index to install the wheel from: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return folder


def test_the_wheel_holds_the_device_with_its_face_models_and_page_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    metadata = f"landmarks-{device.__version__}.dist-info"
    assert {name.split("/")[0] for name in names} == {"device", metadata}
    wanted = ("assets/demo_face.jpg", "models/small/student.tflite", "models/finder/finder.json", "py.typed",
              "messages/stream-1.schema.json", "web/plain/index.html", "web/built/index.html",
              "web/built/landmark-client.js", "web/built/samples/demo.jsonl.gz")  # fmt: skip
    assert {f"device/{name}" for name in wanted} <= names
    # Somebody's photograph and the sources of the page stay behind.
    assert not [name for name in names if "astronaut" in name or name.endswith((".ts", ".mjs"))]


def test_check_wheel_contents_finds_nothing(wheel):
    done = quietly(sys.executable, "-m", "check_wheel_contents", wheel, cwd=wheel.parent)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_command_names_its_version(environment):
    done = quietly(environment / "venv/bin/landmarks", "--version", cwd=environment)
    assert (done.returncode, done.stdout) == (0, f"landmarks {device.__version__}\n")


def test_the_default_command_streams_a_face(environment):
    done = quietly(environment / "venv/bin/landmarks", "run", "--frames", "30", cwd=environment)
    assert done.returncode == 0, done.stderr
    frames = [message for message in map(json.loads, done.stdout.splitlines()) if message["type"] == "frame"]
    assert [len(frame["faces"]) for frame in frames] == [1] * 30


@pytest.mark.parametrize("words", [("selftest", "--quick"), ("doctor",)])
def test_its_checks_pass(environment, words):
    done = quietly(environment / "venv/bin/landmarks", *words, cwd=environment)
    assert done.returncode == 0, done.stdout + done.stderr

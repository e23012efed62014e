"""A fake accelerator: a small library compiled here, and a pair of models that would use it."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from device.contract.files import sha256_of
from device.inference.models import find_model

SOURCE = Path(__file__).parent / "fake_delegate" / "fake_delegate.c"


def build_library(folder: Path) -> Path:
    """Compile the fake library; without a compiler the test is skipped, in CI it fails."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        assert os.environ.get("CI") != "true", "no C compiler: apt-get install gcc libc6-dev"
        pytest.skip("no C compiler for the fake delegate library: apt-get install gcc libc6-dev")
    library = folder / "libfakedelegate.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-Wall", "-Werror", "-o", library, SOURCE, "-lpthread"], check=True
    )
    return library


def make_pair(folder: Path) -> Path:
    """A copy of the shipped model and, as if compiled for the accelerator, another one under its own name."""
    shipped = find_model("small")
    for suffix in (".tflite", ".json"):
        shutil.copy(shipped.with_suffix(suffix), folder / f"student{suffix}")
    # A byte more makes it another file; the runtime reads no further than the model's own end.
    compiled = folder / "student_edgetpu.tflite"
    compiled.write_bytes(shipped.read_bytes() + b"\0")
    manifest = json.loads(shipped.with_suffix(".json").read_text())
    manifest |= {"name": "small_edgetpu", "file": compiled.name, "sha256": sha256_of(compiled)}
    (folder / "student_edgetpu.json").write_text(json.dumps(manifest))
    return folder / "student.tflite"

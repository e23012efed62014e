"""Every recipe of a published system, from drawn faces to an int8 file, by the commands that a user gives."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from device.contract.manifest import read_model_manifest
from training.report.results import SYSTEMS

BUDGET = ("IMAGES=32", "BATCH=16", "TRUNK_IMAGES=16")
"""Two steps a run, one a trunk: whether it can be done, not how well."""
MAKE = ("make", "-o", ".venv/.built", "-o", ".venv-convert/.built")
"""The environments are as they are."""
TRUNKS = ("small-rough", "wide-rough")
"""What several recipes begin with, of `landmark_student`."""


def run(root, *words):
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout[-1500:]}\n{done.stderr[-3000:]}"
    return done.stdout


def rehearse(root, runs, recipe):
    """Trunks, teachers, student, handover and conversion of one recipe."""
    for target in ("train", "distill"):
        said = run(root, *MAKE, f"MAKE={' '.join(MAKE)}", target, f"RECIPE={recipe}", f"RUNS={runs}", *BUDGET)
    return said


@pytest.mark.convert
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_published_system_is_trained_distilled_and_converted(root, tmp_path):
    if not (root / ".venv-convert").exists():
        if os.environ.get("CI"):
            pytest.fail("CI must convert: no .venv-convert, `make test` builds it")
        pytest.skip("no .venv-convert: `make test` builds it")
    runs = tmp_path / "runs"
    run(root, sys.executable, "-m", "training", "rehearsal-data", str(runs / "drawn"), "--count", "40")
    files = [f"training/configs/landmark_student/{name}.toml" for name in TRUNKS]
    budget = ("--images", "16", "--batch", "16", "--data", str(runs / "drawn"), "--runs", str(runs))
    run(root, sys.executable, "-m", "training", "train", *files, *budget)
    # One thread each: two at a time are what two cores are for.
    with ThreadPoolExecutor(2) as pool:
        tables = dict(
            zip(SYSTEMS, pool.map(lambda recipe: rehearse(root, runs, recipe), SYSTEMS), strict=True)
        )
    for recipe, said in tables.items():
        assert "int8" in said
        model = runs / f"{recipe}-student" / "model" / "student.tflite"
        assert read_model_manifest(model).provenance["run"] == f"{recipe}-student"

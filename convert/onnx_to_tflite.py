"""Station 3: ONNX to a float and an int8 TFLite file, in a child process with its own environment.

onnx2tf pins about thirty packages, so it lives in .venv-convert; only files cross the border.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from convert.calibration import SAMPLE_NAME, make_calibration_set, onnx2tf_sample
from convert.handover import load_calibration, read_handover
from convert.job import Job
from device.contract.errors import LandmarksError, MissingOutsideError
from device.contract.files import write_whole

ROOT = Path(__file__).resolve().parents[1]
INTERPRETER_VARIABLE = "LANDMARKS_CONVERT_PYTHON"
WORKER = Path(__file__).with_name("tflite_worker.py")
WORKER_INPUT = "student.onnx"
WORKER_OUTPUTS = ("student.tflite", "student_float32.tflite")
"""What the worker's files are called, whatever the network: int8, float."""
TOOLS = ("onnx2tf", "tensorflow", "tf_keras")
TIMEOUT_SECONDS = 900
"""Far beyond the half minute it takes; a hang ends in an error."""

TOOLS_SCRIPT = f"""
import json, platform
from importlib.metadata import version
print(json.dumps({{"python": platform.python_version(), **{{name: version(name) for name in {TOOLS}}}}}))
"""


def find_converter(environment: Mapping[str, str]) -> Path:
    """The interpreter that has onnx2tf and TensorFlow.

    Raises:
        MissingOutsideError: it is not there.
    """
    named = environment.get(INTERPRETER_VARIABLE)
    interpreter = Path(named) if named else ROOT / ".venv-convert" / "bin" / "python"
    if not os.access(interpreter, os.X_OK) or interpreter.is_dir():
        raise MissingOutsideError(
            f"no interpreter at {interpreter}, wanted one with onnx2tf and TensorFlow: `make convert` "
            f"builds .venv-convert, or name another in {INTERPRETER_VARIABLE}"
        )
    return interpreter


@cache
def converter_tools(interpreter: Path) -> dict[str, str]:
    """Versions of the converter's Python and packages, read without importing them.

    Raises:
        MissingOutsideError: the interpreter lacks one of them or does not start.
    """
    # -I: neither this folder's modules nor the user's settings may shadow its packages.
    asked = subprocess.run(
        [interpreter, "-I", "-c", TOOLS_SCRIPT], capture_output=True, text=True, check=False
    )
    if asked.returncode != 0:
        reason = (asked.stderr.strip().splitlines() or [f"exit code {asked.returncode}"])[-1]
        raise MissingOutsideError(
            f"{interpreter} cannot convert ({reason}), wanted {', '.join(TOOLS)}: "
            f"`make convert` builds .venv-convert"
        )
    return dict(json.loads(asked.stdout))


def settings(job: Job) -> dict[str, Any]:
    """Tools, and how many crops set the ranges."""
    return {
        "tools": converter_tools(job.converter),
        "calibration_crops": job.settings.calibration_crops,
    }


def _fill_scratch(job: Job) -> int:
    """An empty working folder with the worker's inputs; returns the size of the calibration set."""
    crops = load_calibration(job.calibration, read_handover(job.description))
    calibration_set = make_calibration_set(crops, job.settings.calibration_crops)
    shutil.rmtree(job.scratch, ignore_errors=True)
    job.scratch.mkdir(parents=True)
    shutil.copyfile(job.onnx, job.scratch / WORKER_INPUT)
    np.save(job.scratch / "calibration.npy", calibration_set)
    np.save(job.scratch / SAMPLE_NAME, onnx2tf_sample(crops))
    return len(calibration_set)


def _child_environment(parent: Mapping[str, str]) -> dict[str, str]:
    """No GPU, little chatter, and the plain kernels, whose sums do not depend on the machine."""
    return {
        **parent,
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "TF_ENABLE_ONEDNN_OPTS": "0",
    }


def run_worker(interpreter: Path, worker: Path, scratch: Path, log: Path) -> None:
    """Run a script in `scratch` under another interpreter; all it says goes to `log`.

    Raises:
        LandmarksError: it failed or hung; the message ends with its last lines and the log's path.
    """
    command = [str(interpreter.absolute()), "-I", str(worker), WORKER_INPUT, "calibration.npy"]
    with log.open("wb") as stream:
        try:
            ended = subprocess.run(
                command,
                cwd=scratch,
                env=_child_environment(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
            how = f"exit code {ended.returncode}"
        except subprocess.TimeoutExpired:
            how = f"no end after {TIMEOUT_SECONDS} s"
    if how != "exit code 0":
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
        said = " | ".join(lines[-3:]) or "nothing"
        raise LandmarksError(
            f"the converter's process failed ({how}), wanted two TFLite files; it said last: {said}; "
            f"the whole log is {log}"
        )


def run(job: Job) -> str:
    """Write the int8 and the float file into the work folder."""
    count = _fill_scratch(job)
    run_worker(job.converter, WORKER, job.scratch, job.converter_log)
    for model, name in zip(job.models, WORKER_OUTPUTS, strict=True):
        made = job.scratch / name

        def fill(beside: Path, made: Path = made) -> None:
            shutil.copyfile(made, beside)

        write_whole(model, fill)
    size = job.int8_model.stat().st_size
    return f"int8 file of {size:,} bytes, ranges from {count} crops"

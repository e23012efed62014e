"""Station 3: ONNX to a float and an int8 TFLite file, in a child process with its own environment.

onnx2tf pins about thirty packages, so it lives in .venv-convert; only files cross the border.
"""

import errno
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from convert.environments import CONVERTER, child_environment
from convert.handover.arrays import load_calibration
from convert.handover.description import Handover, read_handover
from convert.job import Job
from convert.stations.calibration import SAMPLE_NAME, make_calibration_set, onnx2tf_sample
from convert.stations.outliers import without_outliers
from device.contract.errors import BadInputError, LandmarksError, WriteFailedError
from device.contract.files import write_whole

WORKER = Path(__file__).with_name("onnx2tf_worker.py")
WORKER_INPUT = "student.onnx"
WORKER_OUTPUTS = ("student.tflite", "student_float32.tflite")
"""What the worker's files are called, whatever the network: int8, float."""
ZERO_LAYERS = "zero on all calibration crops: "
"""Begins the line of the worker's log that names such layers."""
FAILED_NODE = re.compile(r"onnx_op_name: (?:wa/)?(?:own/)?([\w/.:-]+)(?:\x1b\[0m)?\s*$", re.MULTILINE)
"""How onnx2tf names the node that it failed at."""
FLEX_OPERATORS = re.compile(r"^TF Select ops: (.+)$", re.MULTILINE)
"""How TensorFlow's converter names the operators that TFLite lacks."""
UNKNOWN_NODE = 3
"""The worker's exit code for a network that onnx2tf cannot read."""
TIMEOUT_SECONDS = 900
"""Far beyond the half minute it takes; a hang ends in an error."""


def find_converter(environment: Mapping[str, str]) -> Path:
    """The interpreter that has onnx2tf and TensorFlow.

    Raises:
        MissingOutsideError: it is not there.
    """
    return CONVERTER.find(environment)


def converter_tools(interpreter: Path) -> dict[str, str]:
    """Versions of the converter's Python and packages.

    Raises:
        MissingOutsideError: the interpreter lacks one of them or does not start.
    """
    return CONVERTER.versions(interpreter)


def settings(job: Job) -> dict[str, Any]:
    """Tools, and how many crops set the ranges."""
    return {
        "tools": converter_tools(job.converter),
        "calibration_crops": job.settings.calibration_crops,
    }


def fill_scratch(job: Job) -> int:
    """An empty working folder with the worker's inputs; returns the size of the calibration set."""
    handover = read_handover(job.description)
    crops = load_calibration(job.calibration, handover)
    faceless = not isinstance(handover, Handover) or handover.presence_learnt
    calibration_set = make_calibration_set(crops, job.settings.calibration_crops, faceless=faceless)
    if faceless:
        calibration_set = without_outliers(calibration_set, job.onnx, handover)
    shutil.rmtree(job.scratch, ignore_errors=True)
    job.scratch.mkdir(parents=True)
    shutil.copyfile(job.onnx, job.scratch / WORKER_INPUT)
    np.save(job.scratch / "calibration.npy", calibration_set)
    np.save(job.scratch / SAMPLE_NAME, onnx2tf_sample(crops))
    return len(calibration_set)


def run_worker(
    interpreter: Path, worker: Path, scratch: Path, log: Path, outputs: Sequence[str] = WORKER_OUTPUTS
) -> None:
    """Run a script in `scratch` under another interpreter; all it says goes to `log`.

    Raises:
        BadInputError: the network has a node without a TFLite form.
        WriteFailedError: the disk is full.
        LandmarksError: it failed or hung; the message ends with its last lines and the log's path.
    """
    command = [str(interpreter.absolute()), "-I", str(worker), WORKER_INPUT, "calibration.npy", *outputs]
    with log.open("wb") as stream:
        try:
            ended = subprocess.run(
                command,
                cwd=scratch,
                env=child_environment(os.environ),
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
        _explain(how, log)


def _explain(how: str, log: Path) -> NoReturn:
    """Raise the error that explains why the worker failed."""
    text = log.read_text(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = " | ".join(lines[-3:]) or "nothing"
    if how == f"exit code {UNKNOWN_NODE}":
        raise BadInputError(
            f"the network cannot be converted: {lines[-1] if lines else said}; write it with the operators "
            f"of convert/README.md"
        )
    flex = FLEX_OPERATORS.findall(text)
    if flex:
        raise BadInputError(
            f"TFLite has no form of the node {flex[-1].strip()}: write that layer of the network otherwise "
            f"(convert/README.md has a table of what converts); the log is {log}"
        )
    failed = FAILED_NODE.findall(text)
    if failed:
        raise BadInputError(
            f"onnx2tf cannot turn the node {failed[-1]} to channels last: write that layer of the network "
            f"otherwise (convert/README.md has a table of what converts); its log is {log}"
        )
    if os.strerror(errno.ENOSPC) in text:
        raise WriteFailedError(f"no space left on the disk for the converter in {log.parent}: free some")
    raise LandmarksError(
        f"the converter's process failed ({how}), wanted two TFLite files; it said last: {said}; "
        f"the whole log is {log}"
    )


def copy_whole(made: Path, kept: Path) -> None:
    """Copy a file beside its place, then rename it."""

    def fill(beside: Path) -> None:
        shutil.copyfile(made, beside)

    write_whole(kept, fill)


def zero_layers(log: Path) -> str:
    """What the worker said of layers that are 0 on all calibration crops; empty where there are none."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.startswith(ZERO_LAYERS)]
    return "".join(
        f"; {line}: they got the range of their input, check that they are meant" for line in lines
    )


def run(job: Job) -> str:
    """Write the int8 and the float file into the work folder."""
    count = fill_scratch(job)
    run_worker(job.converter, WORKER, job.scratch, job.converter_log)
    for model, name in zip(job.models, WORKER_OUTPUTS, strict=True):
        copy_whole(job.scratch / name, model)
    size = job.int8_model.stat().st_size
    return f"int8 file of {size:,} bytes, ranges from {count} crops{zero_layers(job.converter_log)}"

"""The stations in order, and the records by which a second run skips those whose inputs are unchanged."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from convert import deliver
from convert.job import Job
from convert.stations import accelerators, check, compare, float_tail, handover, manifests, opset, variants
from convert.stations import onnx2tf as onnx_to_tflite
from device.contract.files import sha256_of, write_whole_bytes

ROOT = Path(__file__).resolve().parents[1]


def no_settings(job: Job) -> dict[str, Any]:
    """For a station without settings of its own."""
    del job
    return {}


@dataclass(frozen=True)
class Station:
    """One step: reads `inputs`, writes `outputs`, returns a one-line summary."""

    name: str
    run: Callable[[Job], str]
    inputs: Callable[[Job], Sequence[Path]]
    outputs: Callable[[Job], Sequence[Path]]
    settings: Callable[[Job], dict[str, Any]] = no_settings
    """What else decides the outputs; JSON values."""


VARIANTS = Station(
    "variants",
    variants.run,
    lambda job: (
        job.onnx,
        *job.models,
        job.description,
        job.calibration,
        job.validation,
        job.reference,
    ),
    lambda job: (job.float16_model, job.int16_model, job.variants),
    variants.settings,
)
"""Only with --all."""

FLOAT_TAIL = Station(
    "float_tail",
    float_tail.run,
    lambda job: (job.onnx, *job.models, *job.manifests, job.description, job.calibration, job.validation,
                 job.reference),
    lambda job: (job.float_tail_model, job.float_tail),
    float_tail.settings,
)  # fmt: skip
"""Only with --float-tail."""

STATIONS = (
    Station(
        "handover",
        handover.run,
        lambda job: (job.description, job.network, job.calibration, job.validation, job.reference),
        lambda job: (job.network_facts,),
    ),
    Station(
        "opset",
        opset.run,
        lambda job: (job.network, job.description),
        lambda job: (job.onnx,),
        opset.settings,
    ),
    Station(
        "onnx_to_tflite",
        onnx_to_tflite.run,
        lambda job: (job.onnx, job.description, job.calibration),
        lambda job: job.models,
        onnx_to_tflite.settings,
    ),
    Station(
        "manifests",
        manifests.run,
        lambda job: (*job.models, job.description, job.network, job.calibration),
        lambda job: job.manifests,
        onnx_to_tflite.settings,
    ),
    Station(
        "check",
        check.run,
        lambda job: (*job.models, *job.manifests, job.description),
        lambda job: (job.operators,),
    ),
    Station(
        "accelerators",
        accelerators.run,
        lambda job: (job.int8_model, job.description),
        lambda job: (job.npu,),
        accelerators.settings,
    ),
    Station(
        "compare",
        compare.run,
        lambda job: (
            job.description,
            job.onnx,
            *job.models,
            *job.manifests,
            job.validation,
            job.reference,
        ),
        lambda job: (job.comparison,),
        compare.settings,
    ),
    FLOAT_TAIL,
    VARIANTS,
    Station(
        "deliver",
        deliver.run,
        lambda job: (
            job.description,
            job.network,
            job.calibration,
            job.validation,
            job.reference,
            job.network_facts,
            job.onnx,
            *job.models,
            *job.manifests,
            job.operators,
            job.npu,
            job.comparison,
            *((job.variants,) if job.settings.everything else ()),
            *((job.float_tail,) if job.settings.float_tail else ()),
        ),
        lambda job: (*job.delivered, job.report, job.page),
        deliver.settings,
    ),
)
"""In order; each reads what the ones before it wrote."""


def stations_of(job: Job) -> tuple[Station, ...]:
    """The stations that this job runs."""
    wanted = {VARIANTS.name: job.settings.everything, FLOAT_TAIL.name: job.settings.float_tail}
    return tuple(each for each in STATIONS if wanted.get(each.name, True))


def code_digest() -> str:
    """Hash of the code that decides what a station writes: ours, and the device's that it calls."""
    digest = hashlib.sha256()
    for pattern in (
        "convert/**/*.py",
        "convert/**/*.html",
        "device/contract/*.py",
        "device/inference/*.py",
        "device/finders/*.py",
    ):
        for source in sorted(ROOT.glob(pattern)):
            digest.update(source.relative_to(ROOT).as_posix().encode())
            digest.update(source.read_bytes())
    return digest.hexdigest()


def _relative(path: Path, job: Job) -> str:
    """A path relative to the job's folders, so that records stay valid when a folder is moved."""
    for name, folder in (("out", job.out), ("handover", job.handover)):
        if path.is_relative_to(folder):
            return f"{name}/{path.relative_to(folder).as_posix()}"
    return path.as_posix()


def _hashes(paths: Iterable[Path], job: Job) -> dict[str, str]:
    return {_relative(path, job): sha256_of(path) for path in paths}


def _record_path(station: Station, job: Job) -> Path:
    return job.work / "records" / f"{station.name}.json"


def _cause(station: Station, job: Job, code: str) -> dict[str, Any]:
    """Everything that determines a station's outputs: code, input hashes and settings."""
    cause = {
        "code": code,
        "inputs": _hashes(station.inputs(job), job),
        "settings": station.settings(job),
    }
    # Through JSON, so that it compares equal to what a record reads back as.
    return dict(json.loads(json.dumps(cause)))


def is_fresh(station: Station, job: Job, cause: dict[str, Any]) -> bool:
    """Whether the station's record names this cause and its outputs are still those it wrote."""
    path = _record_path(station, job)
    if not path.is_file() or not all(output.is_file() for output in station.outputs(job)):
        return False
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return bool(record == {"cause": cause, "outputs": _hashes(station.outputs(job), job)})


def _run_station(station: Station, job: Job, cause: dict[str, Any]) -> str:
    """Run it and keep the record; the record comes last, so a killed station counts as not run."""
    record_path = _record_path(station, job)
    if record_path.is_file():
        record_path.unlink()
    outcome = station.run(job)
    record = {"cause": cause, "outputs": _hashes(station.outputs(job), job)}
    write_whole_bytes(record_path, (json.dumps(record, indent=1) + "\n").encode())
    return outcome


def run_pipeline(job: Job, progress: TextIO, stations: Sequence[Station] = STATIONS) -> tuple[str, ...]:
    """Run every station whose inputs, settings or code changed; one line each to `progress`.

    Returns:
        Names of the stations that ran.

    Raises:
        LandmarksError: whatever the station that failed says.
    """
    code = code_digest()
    ran = []
    for number, station in enumerate(stations, start=1):
        began = time.monotonic()
        cause = _cause(station, job, code)
        if is_fresh(station, job, cause):
            outcome = "unchanged"
        else:
            outcome = _run_station(station, job, cause)
            ran.append(station.name)
        seconds = time.monotonic() - began
        print(f"[{number}/{len(stations)}] {station.name:<15}{seconds:6.1f} s  {outcome}", file=progress)
    return tuple(ran)

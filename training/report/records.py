"""What finished runs left, kept in git beside the pages: these can be written anew where the runs are not.

`records.jsonl` has one run a line, by name. A run that is at hand is read from its own folder, and its line
is written anew; of one that is not, the line is what there is.
"""

import dataclasses
import hashlib
import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from device.contract.arrays import read_arrays
from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes
from device.contract.manifest import read_model_manifest
from device.contract.metrics import nme
from device.inference.network import LandmarkNetwork
from device.support.machine import board_name
from training.engine.checkpoint import load_network, settings_as_values
from training.engine.run_log import last_row
from training.engine.validation import read_face_errors
from training.report.paired import Difference, paired_difference

RECORDS = Path(__file__).with_name("records.jsonl")

SET = "300w"
"""Validation faces that runs are compared on: their labels are made by hand."""
FIGURE = f"nme_{SET}"
"""What runs are compared by, as their logs call it."""

WARM_UP, TIMED = 20, 200
"""Inferences before, and within, a latency."""


@dataclass(frozen=True)
class Record:
    """What one finished run left."""

    name: str
    """Its folder below --runs."""
    nme: float | None
    """Of the averaged network, float, on 300w/validation.txt with shaken boxes; a fraction. None of a
    pretraining, which finds no landmarks."""
    images: int
    """Seen."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Its run file, every value."""
    parameters: int | None = None
    """Trained numbers."""
    macs: float | None = None
    """Multiply-accumulates of one crop."""
    int8_nme: float | None = None
    """Of the int8 file on the same crops; None where the run was not converted."""
    float_nme: float | None = None
    """Of the network that was converted, as the conversion measured it."""
    latency_ms: float | None = None
    """Median of an inference of the int8 file, one thread."""
    tail_nme: float | None = None
    """Of the int8 file whose tail is float (`python -m convert run --float-tail`), on the same crops."""
    tail_ms: float | None = None
    """Its latency, as `latency_ms`."""
    machine: str = ""
    """Board or processor that this was timed on."""
    images_per_second: float | None = None
    """In training."""
    device: str = ""
    """Trained on."""
    fits: dict[str, tuple[float, float]] = field(default_factory=dict)
    """NME without and with each fit that its handover made; fractions."""
    face_errors: tuple[float, ...] = ()
    """NME of the float network on each face of 300w/validation.txt, fractions rounded to 1e-5; empty for a
    run that was trained before this was kept."""
    faces: str = ""
    """Hash of these faces' names, in their order: only errors of the same faces are compared."""
    printed: bool = False
    """Read back from a printed page, rounded as there: neither the run nor its first record is left."""

    @property
    def known_nme(self) -> float:
        """The NME of a run that finds landmarks.

        Raises:
            BadInputError: it is a pretraining.
        """
        if self.nme is None:
            raise BadInputError(
                f"{self.name} is a pretraining, which has no NME: name a run that starts from it"
            )
        return self.nme

    @property
    def start(self) -> str:
        """Run whose weights it began with; empty for none."""
        return str(self.settings.get("start", ""))


def difference_of(ours: Sequence[Record], theirs: Sequence[Record]) -> Difference | None:
    """Two rows, each with its seeds, face by face; None where they kept no errors on the same faces."""
    faces = {record.faces for record in (*ours, *theirs)}
    if len(faces) != 1 or "" in faces:
        return None
    return paired_difference(
        [record.face_errors for record in ours], [record.face_errors for record in theirs]
    )


def macs_of(model: nn.Module, side: int) -> float:
    """Multiply-accumulates of a network on one crop, half of what torch counts as operations."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.eval()(torch.zeros(1, 3, side, side))
    return counter.get_total_flops() / 2


def latency_of(model: Path) -> float:
    """Median milliseconds of one inference on one thread, maps read included."""
    network = LandmarkNetwork(model)
    width, height = network.manifest.crop.size_wh
    crop = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    times = []
    for _ in range(WARM_UP + TIMED):
        began = time.perf_counter()
        network.infer(crop)
        network.decode()
        times.append(time.perf_counter() - began)
    return 1000 * float(np.median(times[WARM_UP:]))


def _json_of(path: Path) -> dict[str, Any]:
    """A JSON file's table; an empty one where there is no file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def nme_of(model: Path, validation: Path) -> float:
    """Mean NME of a TFLite file on a handover's validation crops, read as the device reads it; a fraction.

    Raises:
        BadInputError: a file is missing or damaged.
    """
    network = LandmarkNetwork(model)
    scheme = network.manifest.landmark_scheme
    crops, true = read_arrays(validation, "crops", "landmarks_crop", remedy="hand the run over again")
    errors = []
    for crop, landmarks in zip(crops, true, strict=True):
        network.infer(crop)
        errors.append(nme(network.decode().landmarks_crop, landmarks, scheme))
    return float(np.mean(errors))


def _tail_of(folder: Path, timed: Callable[[Path], float]) -> dict[str, Any]:
    """The same of the file whose tail is float; nothing where it was not asked for."""
    model = folder / "model" / "work" / "student_float_tail.tflite"
    if not model.is_file():
        return {}
    return {"tail_nme": nme_of(model, folder / "handover" / "validation.npz"), "tail_ms": timed(model)}


def _int8_of(folder: Path, timed: Callable[[Path], float]) -> dict[str, Any]:
    """What the run's conversion measured, and the latency of its file; nothing where there is none."""
    model = folder / "model" / "student.tflite"
    if not model.is_file():
        return {}
    metrics = read_model_manifest(model).metrics
    return {
        "int8_nme": metrics["validation_nme_interocular"],
        "float_nme": metrics["validation_nme_interocular_pytorch"],
        "latency_ms": timed(model),
        "machine": board_name(),
    }


def _fits_of(folder: Path) -> dict[str, tuple[float, float]]:
    """NME without and with each fit, as the handover measured it."""
    figures = _json_of(folder / "handover" / "handover.json").get("provenance", {})
    names = [key.removeprefix("nme_with_") for key in figures if key.startswith("nme_with_")]
    return {name: (figures[f"nme_without_{name}"], figures[f"nme_with_{name}"]) for name in names}


def _faces_of(folder: Path) -> dict[str, Any]:
    """The error on each face, and whose they are; nothing where the run did not keep it."""
    kept = read_face_errors(folder)
    if kept is None:
        return {}
    ours = kept.of(SET)
    names = hashlib.sha256("\n".join(ours.names).encode()).hexdigest()[:12]
    return {"face_errors": tuple(round(float(error), 5) for error in ours.errors), "faces": names}


def read_record(folder: Path, timed: Callable[[Path], float] = latency_of) -> Record:
    """Measure what a finished run left.

    Raises:
        BadInputError: a file of it is damaged, or its log lacks the figure.
    """
    model, settings = load_network(folder / "network.pt")
    pretrained = settings.task == "pretrain"
    row = last_row(folder, "images" if pretrained else FIGURE)
    speed = _json_of(folder / "speed.json")
    return Record(
        folder.name,
        None if pretrained else float(row[FIGURE]),
        int(row["images"]),
        settings_as_values(settings),
        sum(weight.numel() for weight in model.parameters()),
        macs_of(model, settings.model.input_side),
        images_per_second=speed.get("images_per_second"),
        device=speed.get("device", ""),
        fits=_fits_of(folder),
        **_faces_of(folder),
        **_int8_of(folder, timed),
        **_tail_of(folder, timed),
    )


def load_records(path: Path = RECORDS) -> dict[str, Record]:
    """Every record that is kept, by name.

    Raises:
        BadInputError: a line of it is no record.
    """
    if not path.is_file():
        return {}
    try:
        records = [Record(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    except (ValueError, TypeError) as error:
        raise BadInputError(f"{path}: {error}; take it from git again") from error
    return {record.name: record for record in records}


class Records:
    """Runs at hand, and the records of those that are not."""

    def __init__(self, runs: Path, path: Path = RECORDS, timed: Callable[[Path], float] = latency_of) -> None:
        """Nothing is measured yet.

        Args:
            runs: all runs.
            path: of the records.
            timed: latency of an int8 file, milliseconds.

        Raises:
            BadInputError: the records are damaged.
        """
        self.runs, self._path, self._timed = runs, path, timed
        self._kept = load_records(path)
        self._measured: dict[str, Record] = {}

    def _is_here(self, name: str) -> bool:
        folder = self.runs / name
        if not (folder / "network.pt").is_file():
            return False
        # A run made of a model that ships (training/export/recovered.py) is no training: its record stands.
        return name not in self._kept or not last_row(folder, "images").get("recovered", False)

    def find(self, name: str) -> Record | None:
        """A run's record, measured where the run is at hand; None if it was never finished.

        Raises:
            BadInputError: a file of the run is damaged.
        """
        if name not in self._measured and self._is_here(name):
            self._measured[name] = read_record(self.runs / name, self._timed)
        return self._measured.get(name) or self._kept.get(name)

    def get(self, name: str) -> Record:
        """Likewise, of a run that must be there.

        Raises:
            BadInputError: there is neither run nor record.
        """
        record = self.find(name)
        if record is None:
            raise BadInputError(f"no finished run {self.runs / name}, and no record of one: train it first")
        return record

    def seeds_of(self, name: str) -> list[Record]:
        """Every finished seed of a run file, the file's own first."""
        here = [path.name for path in self.runs.glob(f"{name}-seed*")]
        others = {one for one in (*here, *self._kept) if re.fullmatch(rf"{re.escape(name)}-seed\d+", one)}
        found = [self.find(one) for one in (name, *sorted(others))]
        return [record for record in found if record is not None]

    def save(self) -> None:
        """Write the measured ones over the kept ones.

        Raises:
            WriteFailedError: the folder cannot be written or the disk is full.
        """
        both = {**self._kept, **self._measured}
        lines = [json.dumps(dataclasses.asdict(both[name])) for name in sorted(both)]
        write_whole_bytes(self._path, "".join(f"{line}\n" for line in lines).encode())

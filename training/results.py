"""The published systems side by side: one table from their runs' logs, no number typed by hand."""

import json
import platform
import re
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes
from device.contract.manifest import read_model_manifest
from device.inference import LandmarkNetwork
from training.checkpoint import load_network
from training.run_log import last_row
from training.settings import read_merged

CONFIGS = Path(__file__).with_name("configs")
PAGE = Path(__file__).with_name("RESULTS.md")
TEMPLATE = Path(__file__).with_name("results.template.md")

SYSTEMS = ("kd_net", "kd_net-edge", "star_swin", "star_swin-edge", "efficient_fan", "efficient_fan-edge")
"""Recipes, in the order of the page: each system, then its Edge-friendly variant."""

PLAIN = "student_plain"
"""The run file of a student that learns without distillation: what the others are held against."""

WARM_UP, TIMED = 20, 200
"""Inferences before, and within, a latency."""


@dataclass(frozen=True)
class Trained:
    """What one finished run left."""

    nme: float
    """Of the averaged network, float, on 300w/validation.txt with shaken boxes; a fraction."""
    images: int
    """Seen."""
    parameters: int
    """Trained numbers."""
    macs: float
    """Multiply-accumulates of one crop."""
    int8_nme: float | None = None
    """Of the int8 file on the same crops; None where the run was not converted."""
    float_nme: float | None = None
    """Of the network that was converted, as the conversion measured it."""
    latency_ms: float | None = None
    """Median of an inference of the int8 file on one thread of this machine."""
    images_per_second: float | None = None
    """In training."""
    device: str = ""
    """Trained on."""
    start: str = ""
    """Run whose weights it began with."""


@dataclass(frozen=True)
class Trunk:
    """A run that rows begin with."""

    name: str
    """Its folder."""
    nme: float
    """As a row's."""
    images: int
    """Seen."""


@dataclass(frozen=True)
class Row:
    """One run file: every seed of it that is finished."""

    stem: str
    """Of the run file."""
    title: str
    """Its header's first sentence."""
    runs: tuple[Trained, ...]

    @property
    def nme(self) -> float:
        """Mean over the seeds."""
        return statistics.fmean(run.nme for run in self.runs)

    @property
    def images(self) -> int:
        """Seen by its first seed; others that saw another number are told below the table."""
        return self.runs[0].images

    @property
    def spread(self) -> float | None:
        """Standard deviation over the seeds; None for one."""
        return statistics.stdev([run.nme for run in self.runs]) if len(self.runs) > 1 else None


@dataclass(frozen=True)
class SystemResults:
    """One recipe's rows."""

    name: str
    rows: tuple[Row, ...]
    missing: tuple[str, ...]
    """Run files without a finished run."""
    trunks: tuple[Trunk, ...] = ()
    """What the rows began with."""


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
    return 1000 * statistics.median(times[WARM_UP:])


def _read_speed(folder: Path) -> dict[str, Any]:
    path = folder / "speed.json"
    return json.loads(path.read_text()) if path.is_file() else {}


def _read_int8(folder: Path, timed: Callable[[Path], float]) -> dict[str, float]:
    """What the run's conversion measured, and the latency of its file; nothing where there is none."""
    model = folder / "model" / "student.tflite"
    if not model.is_file():
        return {}
    metrics = read_model_manifest(model).metrics
    return {
        "int8_nme": metrics["validation_nme_interocular"],
        "float_nme": metrics["validation_nme_interocular_pytorch"],
        "latency_ms": timed(model),
    }


def read_trained(folder: Path, figure: str, timed: Callable[[Path], float] = latency_of) -> Trained:
    """What a finished run left.

    Raises:
        BadInputError: a file of it is damaged.
    """
    model, settings = load_network(folder / "network.pt")
    row = last_row(folder, figure)
    nme, images = float(row[figure]), int(row["images"])
    speed = _read_speed(folder)
    return Trained(
        nme,
        images,
        sum(weight.numel() for weight in model.parameters()),
        macs_of(model, settings.model.input_side),
        images_per_second=speed.get("images_per_second"),
        device=speed.get("device", ""),
        start=settings.start,
        **_read_int8(folder, timed),
    )


def read_trunk(name: str, runs: Path, figure: str) -> Trunk:
    """What a run that others begin with has reached.

    Raises:
        BadInputError: its log is gone.
    """
    row = last_row(runs / name, figure)
    return Trunk(name, float(row[figure]), int(row["images"]))


def finished_runs(name: str, runs: Path) -> list[Path]:
    """Folders of a run's finished seeds, the run file's own first."""
    seeds = [path for path in runs.glob(f"{name}-seed*") if re.fullmatch(r"-seed\d+", path.name[len(name) :])]
    return [path for path in (runs / name, *sorted(seeds)) if (path / "network.pt").is_file()]


def run_files_of(system: str) -> list[Path]:
    """The run files of a recipe's reduced rows: teachers, the plain student, the others, longer ones."""
    folder = CONFIGS / system
    teachers = sorted(folder.glob("teacher*.toml"))
    students = sorted(folder.glob("student_*.toml"), key=lambda path: path.stem != PLAIN)
    plain, others = [path for path in students if path.stem == PLAIN], students[1:]
    longer = [*sorted(folder.glob("longer_teacher*.toml")), *sorted(folder.glob("longer_student*.toml"))]
    return [*teachers, *plain, folder / "student.toml", *others, *longer]


def title_of(path: Path) -> str:
    """The first sentence of a run file's header."""
    return path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ").rstrip(".")


def read_system(
    system: str, runs: Path, figure: str = "nme_300w", timed: Callable[[Path], float] = latency_of
) -> SystemResults:
    """Every finished row of a recipe.

    Raises:
        BadInputError: a finished run that is damaged.
    """
    rows, missing = [], []
    for path in run_files_of(system):
        folders = finished_runs(read_merged(path)["name"], runs)
        if not folders:
            missing.append(path.stem)
            continue
        trained = tuple(read_trained(folder, figure, timed) for folder in folders)
        rows.append(Row(path.stem, title_of(path), trained))
    starts = dict.fromkeys(run.start for row in rows for run in row.runs if run.start)
    trunks = tuple(read_trunk(start, runs, figure) for start in starts)
    return SystemResults(system, tuple(rows), tuple(missing), trunks)


def _share(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.2f}"


def _error(row: Row) -> str:
    return _share(row.nme) + ("" if row.spread is None else f" ± {100 * row.spread:.2f}")


def _compared(row: Row, plain: Row | None) -> bool:
    """Whether a row is a student to hold against the one without distillation, which saw as many images."""
    if plain is None or row is plain or "teacher" in row.stem:
        return False
    return row.images == plain.images


def _gain(row: Row, plain: Row | None) -> str:
    """Percentage points against the student without distillation; below zero is better."""
    if not _compared(row, plain):
        return ""
    return f"{100 * (row.nme - plain.nme):+.2f}"


def _line(row: Row, plain: Row | None) -> str:
    first = row.runs[0]
    # Only a converted row has all three.
    loss = None if first.int8_nme is None or first.float_nme is None else first.int8_nme - first.float_nme
    cells = [
        row.title,
        _error(row),
        _gain(row, plain),
        _share(first.int8_nme),
        "" if loss is None else f"{100 * loss:+.3f}",
        "" if first.latency_ms is None else f"{first.latency_ms:.2f}",
        f"{first.parameters / 1e6:.2f}",
        f"{first.macs / 1e6:.0f}",
        f"{row.images:,}",
        str(len(row.runs)),
    ]
    return "| " + " | ".join(cells) + " |"


COLUMNS = (
    "row",
    "NME %",
    "against the student alone",
    "int8 NME %",
    "int8 costs",
    "int8 ms",
    "parameters M",
    "MACs M",
    "images seen",
    "seeds",
)
NOISE = "No difference beyond the spread"


def table_of(rows: Sequence[Row], plain: Row | None) -> list[str]:
    """Lines of a Markdown table."""
    head = ["| " + " | ".join(COLUMNS) + " |", "| " + " | ".join("---" for _ in COLUMNS) + " |"]
    return [*head, *(_line(row, plain) for row in rows)]


def verdict_of(results: SystemResults) -> str:
    """Which parts of the distillation help, and by how much; a spread that is known is taken for noise."""
    plain = next((row for row in results.rows if row.stem == PLAIN), None)
    taught = [row for row in results.rows if _compared(row, plain)]
    if not taught:
        return ""
    said: dict[str, list[str]] = {"Helps": [], NOISE: [], "Does not help": []}
    for row in taught:
        gain, noise = row.nme - plain.nme, max(row.spread or 0.0, plain.spread or 0.0)
        kind = NOISE if abs(gain) < noise else "Helps" if gain < 0 else "Does not help"
        said[kind].append(f"{row.title[0].lower()}{row.title[1:]} ({100 * gain:+.2f})")
    return " ".join(f"{kind}: {'; '.join(rows)}." for kind, rows in said.items() if rows)


def system_part(results: SystemResults) -> str:
    """A recipe's heading, table and verdict, Markdown."""
    plain = next((row for row in results.rows if row.stem == PLAIN), None)
    parts = [f"## {results.name}", ""]
    if results.rows:
        parts += [*table_of(results.rows, plain), ""]
    if results.trunks:
        told = ", ".join(
            f"`{trunk.name}` ({trunk.images:,} images, {_share(trunk.nme)} %)" for trunk in results.trunks
        )
        parts += [f"Begun with: {told}.", ""]
    budgets = sorted({run.images for row in results.rows for run in row.runs})
    if len(budgets) > 1:
        told = ", ".join(f"{images:,}" for images in budgets)
        parts += [f"The rows have not seen equally many images ({told}): hold only equal ones together.", ""]
    verdict = verdict_of(results)
    parts += [verdict, ""] if verdict else []
    parts += [f"Not trained: {', '.join(results.missing)}.", ""] if results.missing else []
    return "\n".join(parts)


def _machine() -> str:
    """The processor's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model"))]
    return named[0] if named else platform.machine()


def results_page(systems: Sequence[SystemResults], runs: Path) -> str:
    """The whole page, Markdown.

    Raises:
        BadInputError: not one run is finished.
    """
    trained = [run for system in systems for row in system.rows for run in row.runs]
    if not trained:
        raise BadInputError(
            f"no finished run of a published system in {runs}: begin with "
            "`make train distill ablate RECIPE=kd_net DATA=FOLDER`"
        )
    return TEMPLATE.read_text(encoding="utf-8").format(
        runs=runs,
        machine=_machine(),
        devices=", ".join(sorted({run.device for run in trained if run.device})),
        systems="\n".join(system_part(system) for system in systems).rstrip(),
    )


def write_results(runs: Path, page: Path = PAGE) -> str:
    """Read every run, time every int8 file, write the page; gives it.

    Raises:
        BadInputError: not one run is finished, or one is damaged.
        WriteFailedError: the page cannot be written.
    """
    text = results_page([read_system(system, runs) for system in SYSTEMS], runs)
    write_whole_bytes(page, text.encode())
    return text

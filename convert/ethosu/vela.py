"""Arm's Vela on one int8 file for one Ethos-U NPU; its figures are estimates of its own model.

`Vela <https://pypi.org/project/ethos-u-vela/>`_ is Arm's real compiler. System configurations and memory
modes are those of its own Arm/vela.ini.
"""

import csv
import re
import shutil
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from convert.tflite.file import read_graph
from device.contract.errors import LandmarksError
from device.contract.files import write_whole

COMPILED_OPERATOR = "ethos-u"
"""The custom operator that holds all that runs on the NPU."""
TIMEOUT_SECONDS = 600
COUNTED = re.compile(r"^(CPU|NPU) operators = (\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Target:
    """An NPU with the memory around it."""

    name: str
    """As Vela spells it."""
    system: str
    memory: str


TARGETS = (
    Target("ethos-u55-128", "Ethos_U55_High_End_Embedded", "Shared_Sram"),
    Target("ethos-u55-256", "Ethos_U55_High_End_Embedded", "Shared_Sram"),
    Target("ethos-u65-256", "Ethos_U65_Embedded", "Shared_Sram"),
)
"""Weights in flash, feature maps in SRAM, 500 MHz."""


@dataclass(frozen=True)
class NpuFigures:
    """Vela's figures for one model on one target."""

    target: str
    npu_operators: int
    cpu_operators: int
    left_to_the_cpu: tuple[str, ...]
    """Operators of the compiled file beside the NPU's one, by name."""
    sram_bytes: int
    flash_bytes: int
    cycles: int
    inferences_per_second: float

    @property
    def whole(self) -> bool:
        """Everything runs on the NPU."""
        return self.npu_operators > 0 and self.cpu_operators == 0 and not self.left_to_the_cpu

    def to_dict(self) -> dict[str, Any]:
        """As reports hold it."""
        return {**asdict(self), "left_to_the_cpu": list(self.left_to_the_cpu)}


def _say(interpreter: Path, model: Path, target: Target, folder: Path) -> str:
    """Run Vela; what it printed.

    Raises:
        LandmarksError: it failed or hung.
    """
    command = [
        str(interpreter.absolute()),
        *("-I", "-m", "ethosu.vela", str(model.absolute())),
        *("--accelerator-config", target.name, "--config", "Arm/vela.ini"),
        *("--system-config", target.system, "--memory-mode", target.memory),
        *("--verbose-performance", "--show-cpu-operations", "--output-dir", str(folder)),
    ]
    try:
        ended = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LandmarksError(
            f"Vela did not end on {model} within {TIMEOUT_SECONDS} s, wanted seconds: is the file int8?"
        ) from error
    if ended.returncode != 0:
        said = ((ended.stdout + ended.stderr).strip().splitlines() or ["nothing"])[-1]
        raise LandmarksError(f"Vela failed on {model} for {target.name} ({said}), wanted a compiled file")
    return ended.stdout


def _figures(said: str, folder: Path, target: Target) -> NpuFigures:
    """Read Vela's summary and the compiled file itself."""
    counts = {kind: int(number) for kind, number in COUNTED.findall(said)}
    with next(folder.glob("*_summary_*.csv")).open(newline="") as stream:
        row = next(csv.DictReader(stream))
    names = [node.name for node in read_graph(next(folder.glob("*_vela.tflite"))).operators]
    kib = {name: float(row[f"{name}_memory_used"]) for name in ("sram", "on_chip_flash", "off_chip_flash")}
    return NpuFigures(
        target=target.name,
        npu_operators=counts.get("NPU", 0),
        cpu_operators=counts.get("CPU", 0),
        left_to_the_cpu=tuple(name for name in names if name != COMPILED_OPERATOR),
        sram_bytes=round(1024 * kib["sram"]),
        flash_bytes=round(1024 * (kib["on_chip_flash"] + kib["off_chip_flash"])),
        cycles=int(float(row["cycles_total"])),
        inferences_per_second=float(row["inferences_per_second"]),
    )


def _keep(folder: Path, out: Path, said: str) -> None:
    """Vela's output files under fixed names: compiled file, layers, summary, log."""
    log = folder / "vela.log"
    log.write_text(said, encoding="utf-8")
    kept = {
        "compiled.tflite": next(folder.glob("*_vela.tflite")),
        "layers.csv": next(folder.glob("*_per-layer.csv")),
        "summary.csv": next(folder.glob("*_summary_*.csv")),
        "vela.log": log,
    }
    for name, made in kept.items():

        def fill(beside: Path, made: Path = made) -> None:
            shutil.copyfile(made, beside)

        write_whole(out / name, fill)


def compile_for(interpreter: Path, model: Path, target: Target, out: Path) -> NpuFigures:
    """Compile an int8 file; `out` gets compiled.tflite, layers.csv, summary.csv and vela.log.

    Raises:
        LandmarksError: Vela failed.
        WriteFailedError: `out` cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="vela-") as scratch:
        folder = Path(scratch)
        said = _say(interpreter, model, target, folder)
        figures = _figures(said, folder, target)
        _keep(folder, out, said)
    return figures

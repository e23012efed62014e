"""What this kind of board took when it was well: a small file each, `reference/BOARD-MODEL.toml`.

Slower than that means heat, power, a governor or a fault of ours; much faster means that a stage is no
longer done, or that the file is of another board. Both are worth a look.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from device.checks.selftest.check import Check
from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes
from device.support import machine

SHIPPED = Path(__file__).parent / "reference"
"""References in the package."""

TOLERANCE = 1.5
"""Factor either way; medians of a quiet machine repeat within some per cent."""

COMPARED = ("crop", "infer", "decode", "signal", "message")
"""Stages whose medians are compared; what is left of `total` lies between them."""

LEAST_MS = 0.001
"""References are kept to a microsecond; a stage that was not done at all reads 0."""

REMEDY_SLOW = "see `python -m device doctor`: heat, power, governor, other programs"
REMEDY_FAST = "see that every stage is done; if it is, write the reference anew with --write-reference"


@dataclass(frozen=True)
class Reference:
    """Medians of one model on one kind of board."""

    board: str
    """As the board calls itself."""
    model: str
    """The model's name; a new version of it is compared with the old one's times on purpose."""
    threads: int
    """Of the interpreter."""
    governor: str
    """Who chose the clock; empty where the machine does not tell."""
    stages_ms: Mapping[str, float]
    """Median of each stage, milliseconds."""


def reference_file(folder: Path, board: str, model: str, threads: int) -> Path:
    """Where a board's reference lies."""
    words = re.sub(r"[^a-z0-9]+", "-", f"{board} {model} {threads}".lower()).strip("-")
    return folder / f"{words}.toml"


def write_reference(reference: Reference, folder: Path) -> Path:
    """Keep a reference.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    lines = [
        "# p50 of each stage, milliseconds; written by `python -m device selftest --write-reference`.",
        f'board = "{_quoted(reference.board)}"',
        f'model = "{_quoted(reference.model)}"',
        f"threads = {reference.threads}",
        f'governor = "{_quoted(reference.governor)}"',
        "",
        "[stages_ms]",
        *(f"{name} = {reference.stages_ms[name]:.3f}" for name in COMPARED),
    ]
    kept = reference_file(folder, reference.board, reference.model, reference.threads)
    write_whole_bytes(kept, ("\n".join(lines) + "\n").encode())
    return kept


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def read_reference(path: Path) -> Reference:
    """A reference from its file.

    Raises:
        BadInputError: it is not TOML, or lacks something.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        stages_ms = {name: float(values["stages_ms"][name]) for name in COMPARED}
        return Reference(
            values["board"], values["model"], int(values["threads"]), values["governor"], stages_ms
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BadInputError(
            f"reference {path} cannot be read ({error}); write it anew with --write-reference"
        ) from error


def check_reference(
    folder: Path, model: str, threads: int, medians_ms: Mapping[str, float], root: Path = machine.ROOT
) -> list[Check]:
    """Each stage against this board's reference; nothing where there is none.

    Raises:
        BadInputError: the board's file cannot be read.
    """
    path = reference_file(folder, machine.board_name(root), model, threads)
    if not path.is_file():
        return []
    reference = read_reference(path)
    return [
        compare_stage(name, medians_ms[name], reference.stages_ms[name], reference.governor)
        for name in COMPARED
    ]


def compare_stage(name: str, got_ms: float, reference_ms: float, governor: str) -> Check:
    """One stage's median against its reference, either way."""
    ratio = got_ms / max(reference_ms, LEAST_MS)
    told = f"{got_ms:.3f} ms, {ratio:.2f} x the reference"
    wanted = (
        f"{1 / TOLERANCE:.2f} to {TOLERANCE:.2f} x {reference_ms:.3f} ms (governor {governor or 'unknown'})"
    )
    if 1 / TOLERANCE <= ratio <= TOLERANCE:
        return Check(f"reference {name}", True, told, wanted)
    return Check(f"reference {name}", False, told, wanted, REMEDY_SLOW if ratio > 1 else REMEDY_FAST)

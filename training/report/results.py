"""The published systems side by side: one table from their runs' logs, no number typed by hand."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes
from training.engine.run_file import read_merged, read_run, run_from_values
from training.report.paired import Difference
from training.report.published import departures_table
from training.report.records import Record, Records, difference_of

CONFIGS = Path(__file__).parents[1] / "configs"
PAGE = Path(__file__).parents[1] / "RESULTS.md"
TEMPLATE = Path(__file__).with_name("results.template.md")

SYSTEMS = ("kd_net", "kd_net-edge", "star_swin", "star_swin-edge", "efficient_fan", "efficient_fan-edge")
"""Recipes, in the order of the page: each system, then its Edge-friendly variant."""

LONGER = "longer_"
"""What the run files of rows begin with that start from the network that ships (`make longer`)."""

PLAIN = "student_plain"
"""The run file of a student that learns without distillation: what the others are held against."""


@dataclass(frozen=True)
class Row:
    """One run file: every seed of it that is finished."""

    stem: str
    """Of the run file, without LONGER."""
    title: str
    """Its header's first sentence."""
    runs: tuple[Record, ...]
    outdated: bool = False
    """Its run file has changed since: other model, loss or task."""

    @property
    def nme(self) -> float:
        """Mean over the seeds."""
        return statistics.fmean(run.known_nme for run in self.runs)

    @property
    def images(self) -> int:
        """Seen by its first seed; other numbers are listed below the table."""
        return self.runs[0].images

    @property
    def spread(self) -> float | None:
        """Standard deviation over the seeds; None for one."""
        return statistics.stdev([run.known_nme for run in self.runs]) if len(self.runs) > 1 else None


@dataclass(frozen=True)
class SystemResults:
    """One recipe's rows."""

    name: str
    rows: tuple[Row, ...]
    missing: tuple[str, ...]
    """Run files without a finished run."""
    trunks: tuple[tuple[Record, int], ...] = ()
    """What the rows began with, and the images that it and what it began with itself had seen."""


def run_files_of(system: str, kind: str = "") -> list[Path]:
    """The run files of a recipe's reduced rows: teachers, the plain student, the one with all parts, others.

    Args:
        system: the recipe.
        kind: what their names begin with, LONGER or nothing.
    """
    folder = CONFIGS / system
    teachers = sorted(folder.glob(f"{kind}teacher*.toml"))
    # By name "student" stands before the others; only the plain one is to stand before it.
    students = sorted(path.stem for path in folder.glob(f"{kind}student*.toml"))
    students.sort(key=lambda stem: stem != f"{kind}{PLAIN}")
    return [*teachers, *(folder / f"{stem}.toml" for stem in students)]


def title_of(path: Path) -> str:
    """The first sentence of a run file's header."""
    return path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ").rstrip(".")


def is_outdated(path: Path, record: Record) -> bool:
    """Whether a run is of an earlier version of its run file: another model, loss or task.

    Raises:
        BadInputError: the run file is damaged.
    """
    now = read_run(path)
    if not record.settings:
        return False
    try:
        then = run_from_values(record.settings, record.name)
    except BadInputError:
        # It has a setting that is no more.
        return True
    return (then.model, then.loss, then.task) != (now.model, now.loss, now.task)


def _row(path: Path, stem: str, seeds: Sequence[Record]) -> Row:
    """A row of the seeds that are of the first one's version and saw as many images as it did."""
    outdated = is_outdated(path, seeds[0])
    alike = [seed for seed in seeds if seed.images == seeds[0].images and is_outdated(path, seed) == outdated]
    return Row(stem, title_of(path), tuple(alike), outdated)


def images_before(name: str, records: Records) -> int:
    """Seen by a run and by every run before it, from start to start.

    Raises:
        BadInputError: there is neither run nor record of one, or it is damaged.
    """
    run = records.get(name)
    return run.images + (images_before(run.start, records) if run.start else 0)


def read_system(system: str, records: Records, kind: str = "") -> SystemResults:
    """Every finished row of a recipe, or of its longer ones.

    Raises:
        BadInputError: a finished run that is damaged.
    """
    rows, missing = [], []
    for path in run_files_of(system, kind):
        seeds = records.seeds_of(read_merged(path)["name"])
        stem = path.stem.removeprefix(kind)
        if seeds:
            rows.append(_row(path, stem, seeds))
        else:
            missing.append(stem)
    starts = dict.fromkeys(run.start for row in rows for run in row.runs if run.start)
    name = f"{system}, longer" if kind else system
    trunks = tuple((records.get(start), images_before(start, records)) for start in starts)
    return SystemResults(name, tuple(rows), tuple(missing), trunks)


def read_systems(records: Records) -> list[SystemResults]:
    """Every table of the page: each recipe's, and below it that of its longer rows, if it has some.

    Raises:
        BadInputError: a finished run that is damaged.
    """
    kinds = [(system, kind) for system in SYSTEMS for kind in ("", LONGER) if run_files_of(system, kind)]
    return [read_system(system, records, kind) for system, kind in kinds]


def _share(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.2f}"


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _error(row: Row) -> str:
    return _share(row.nme) + ("" if row.spread is None else f" ± {100 * row.spread:.2f}")


def _compared(row: Row, plain: Row | None) -> bool:
    """Whether a row is a student to hold against the one without distillation, which saw as many images."""
    if plain is None or row is plain or "teacher" in row.stem:
        return False
    return row.images == plain.images and row.outdated == plain.outdated


def _gain(row: Row, plain: Row | None) -> str:
    """Percentage points against the student without distillation; below zero is better."""
    if plain is None or not _compared(row, plain):
        return ""
    difference = difference_of(row.runs, plain.runs)
    return f"{100 * (row.nme - plain.nme):+z.2f}" if difference is None else difference.text()


def _line(row: Row, plain: Row | None) -> str:
    first = row.runs[0]
    # Only a converted row has all three.
    loss = None if first.int8_nme is None or first.float_nme is None else first.int8_nme - first.float_nme
    cells = [
        row.title + (f" {OUTDATED}" if row.outdated else ""),
        _error(row),
        _gain(row, plain),
        _share(first.int8_nme),
        "" if loss is None else f"{100 * loss:+z.3f}",
        _milliseconds(first.latency_ms),
        _share(first.tail_nme),
        _milliseconds(first.tail_ms),
        "" if first.parameters is None else f"{first.parameters / 1e6:.2f}",
        "" if first.macs is None else f"{first.macs / 1e6:.0f}",
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
    "float tail NME %",
    "float tail ms",
    "parameters M",
    "MACs M",
    "images seen",
    "seeds",
)
HELPS, HARMS, NOISE, UNKNOWN = "Helps", "Does harm", "No difference", "Without an interval, so perhaps chance"
"""What a row may come to."""


OUTDATED = "†"
"""Marks a row whose run file has changed since."""


def _start_line(trunk: Record, images: int) -> str:
    """The network that rows began with, before their own run; `images` it and its own starts saw."""
    cells = [f"Begun with: `{trunk.name}`", _share(trunk.nme), *[""] * (len(COLUMNS) - 4), f"{images:,}", ""]
    return "| " + " | ".join(cells) + " |"


def table_of(results: SystemResults, plain: Row | None) -> list[str]:
    """Lines of a Markdown table: what the rows began with, then the rows."""
    head = ["| " + " | ".join(COLUMNS) + " |", "| " + " | ".join("---" for _ in COLUMNS) + " |"]
    starts = (_start_line(trunk, images) for trunk, images in results.trunks)
    return [*head, *starts, *(_line(row, plain) for row in results.rows)]


def _kind_of(difference: Difference | None) -> str:
    if difference is None:
        return UNKNOWN
    if not difference.clear:
        return NOISE
    return HELPS if difference.mean < 0 else HARMS


def verdict_of(results: SystemResults) -> str:
    """Which parts of the distillation help, and by how much; within its interval there is no difference."""
    plain = next((row for row in results.rows if row.stem == PLAIN), None)
    taught = [row for row in results.rows if _compared(row, plain)]
    if plain is None or not taught:
        return ""
    said: dict[str, list[str]] = {HELPS: [], NOISE: [], HARMS: [], UNKNOWN: []}
    for row in taught:
        kind = _kind_of(difference_of(row.runs, plain.runs))
        seeds = ", one seed" if min(len(row.runs), len(plain.runs)) == 1 and kind in {HELPS, HARMS} else ""
        said[kind].append(f"{row.title[0].lower()}{row.title[1:]} ({_gain(row, plain)}{seeds})")
    return " ".join(f"{kind}: {'; '.join(rows)}." for kind, rows in said.items() if rows)


def _listed(names: Iterable[str]) -> str:
    """Each once, empty ones left out."""
    return ", ".join(sorted({name for name in names if name}))


def system_part(results: SystemResults) -> str:
    """A recipe's heading, table and verdict, Markdown."""
    plain = next((row for row in results.rows if row.stem == PLAIN), None)
    parts = [f"## {results.name}", ""]
    if results.rows:
        parts += [*table_of(results, plain), ""]
    if any(row.outdated for row in results.rows):
        parts += [
            f"{OUTDATED} Trained with an earlier version of its run file: other model, loss or task.",
            "",
        ]
    machines = _listed(run.machine for row in results.rows for run in row.runs)
    parts += [f"Timed on: {machines}.", ""] if machines else []
    budgets = sorted({run.images for row in results.rows for run in row.runs})
    if len(budgets) > 1:
        counts = ", ".join(f"{images:,}" for images in budgets)
        parts += [f"The rows have not seen equally many images ({counts}): compare only equal ones.", ""]
    verdict = verdict_of(results)
    parts += [verdict, ""] if verdict else []
    parts += [f"Not trained: {', '.join(results.missing)}.", ""] if results.missing else []
    return "\n".join(parts)


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
        devices=_listed(run.device for run in trained),
        departures=departures_table(SYSTEMS[::2]),
        systems="\n".join(system_part(system) for system in systems).rstrip(),
    )


def write_results(records: Records, page: Path = PAGE) -> str:
    """Read every run, time every int8 file, write records and page; gives the page.

    Raises:
        BadInputError: not one run is finished, or one is damaged.
        WriteFailedError: a file cannot be written.
    """
    text = results_page(read_systems(records), records.runs)
    records.save()
    write_whole_bytes(page, text.encode())
    return text

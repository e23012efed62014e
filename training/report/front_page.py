"""README.md's table, in a stranger's words, from what `make bench-peers` keeps and from the lock files."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "README.md"
FIGURES = ROOT / "docs" / "benchmarks" / "figures.json"
BEGIN, END = "<!-- figures: written by `make front-page` -->", "<!-- end of figures -->"

ALWAYS = ("landmarks small", "MediaPipe FaceMesh")
"""What is compared; the name of a measured program begins so."""

GIVEN = {"OpenSeeFace": "files of a repository", "PFLD": "a file"}
"""What is compared where the user has measured it from a file, and what it is to download."""

# As `training.peers` names the stages of a frame.
FOLLOWED, ONE_FACE = "followed frame", "crop + network + decode"

NOT_MEASURED = "not measured"
BENCH = "`make bench-peers`"

Rows = Mapping[str, Any]
"""What was measured of each program, by its name."""


def read_figures(path: Path) -> dict[str, Any]:
    """Everything that was measured; nothing where there is no such file.

    Raises:
        BadInputError: the file is damaged.
    """
    if not path.is_file():
        return {}
    try:
        figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInputError(f"{path} is damaged ({error}); write it anew: make bench-peers") from error
    return figures


def table(figures: Mapping[str, Any], root: Path = ROOT) -> str:
    """The table, and a line that says when and where it was measured; a row that nobody has is left out."""
    times, start, accuracy = (_newest(figures, name) for name in ("times", "start", "accuracy"))
    paces, starts = times.get("rows", {}), start.get("rows", {})
    errors = accuracy.get("rows", {}).get("by_finder", {})
    given = [name for name in GIVEN if any(_of(rows, name) for rows in (paces, starts, errors))]
    columns = [*ALWAYS, *given]
    rows = [
        ("frames a second, one face, one thread", [_rate(_of(paces, name)) for name in columns], BENCH),
        ("seconds to the first landmarks", _figures(starts, columns, "seconds", "{:.1f}"), BENCH),
        ("memory, MB", _figures(starts, columns, "memory_mb", "{:.0f}"), BENCH),
        (
            "error on 300-W, % of the eyes' distance",
            _figures(errors, columns, "without_offsets", "{:.2f}", 100),
            BENCH,
        ),
        ("faces missed, %", _figures(errors, columns, "missed", "{:.1f}", 100), BENCH),
        (
            "to download, MB",
            [*_downloads(root), *(GIVEN[name] for name in given)],
            "`make command`, `make bench`",
        ),
    ]
    head = ["", "**landmarks `small`**", *columns[1:], "by the command"]
    known = [[name, *cells, by] for name, cells, by in rows if set(cells) != {NOT_MEASURED}]
    lines = [f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *known)]
    return "\n".join([*lines, *_note(times, accuracy, given)])


def _note(times: Rows, accuracy: Rows, given: Sequence[str]) -> list[str]:
    """What the figures are of, when there are any, and how to add the columns that are not there."""
    about, faces = times.get("about") or accuracy.get("about"), accuracy.get("about", {}).get("faces")
    if not about:
        return []
    of_faces = (
        f"{faces} faces that were never trained on, each found by the program itself, " if faces else ""
    )
    unsought = f"; of {' and '.join(given)} without finding it" if given else ""
    rate = f"Frames a second: of a film with a followed face{unsought}. "
    note = (
        f"{about['processor']}, {about['date']}. {rate if times.get('rows') else ''}Error: {of_faces}"
        "constant offsets between labellings removed; ours learnt from that set's training part, "
        f"which is an advantage. {_how_to_add(given)}"
        "Method, other models, hard pictures: [benchmarks](docs/benchmarks.md)."
    )
    return ["", note]


def _how_to_add(given: Sequence[str]) -> str:
    """How programs that were not measured get their column; nothing where all have one."""
    missing = [name for name in GIVEN if name not in given]
    words = " ".join(f"{name.upper()}=PATH" for name in missing)
    return (
        f"To add {' and '.join(missing)}, give their files: `make bench-peers {words}`. " if missing else ""
    )


def _newest(figures: Mapping[str, Any], section: str) -> dict[str, Any]:
    """The table of a section that was measured last; some have one for each class of processor."""
    tables = list(figures.get(section, {}).values())
    return max(tables, key=lambda measured: str(measured["about"]["date"])) if tables else {}


def _of(rows: Rows, name: str) -> Any:
    """What was measured of the program whose name begins so."""
    return next((row for key, row in rows.items() if key.startswith(name)), None)


def _rate(stages: Mapping[str, float] | None) -> str:
    """Frames a second, from the milliseconds of one."""
    spent = (stages or {}).get(FOLLOWED) or (stages or {}).get(ONE_FACE)
    return NOT_MEASURED if spent is None else f"{1000 / spent:.0f}"


def _figures(rows: Rows, columns: Sequence[str], key: str, form: str, factor: float = 1) -> Sequence[str]:
    """One figure of each program."""
    found = [(_of(rows, name) or {}).get(key) for name in columns]
    return [NOT_MEASURED if value is None else form.format(factor * value) for value in found]


def _downloads(root: Path) -> Sequence[str]:
    """Packages with all that they need: ours, and MediaPipe's."""
    sizes = []
    for lock in ("device", "bench"):
        head = (root / "requirements" / f"{lock}.lock").read_text(encoding="utf-8").partition("\n")[0]
        found = re.search(r"about (\d+) MB", head)
        sizes.append(found[1] if found else NOT_MEASURED)
    return sizes


def with_table(page: str, rows: str) -> str:
    """A page with the table between its marks.

    Raises:
        BadInputError: the page lacks its marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise BadInputError(f"the page lacks {BEGIN} or {END}; write them where the table should stand")
    return f"{before}{begin}\n{rows}\n{end}{after}"


def write_front_page(page: Path = PAGE, figures: Path = FIGURES) -> None:
    """Write the page's table anew.

    Raises:
        BadInputError: the figures are damaged, or the page lacks its marks.
        WriteFailedError: the page cannot be written.
    """
    text = with_table(page.read_text(encoding="utf-8"), table(read_figures(figures)))
    write_whole_bytes(page, text.encode())

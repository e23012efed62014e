"""README.md's table from made figures, and that the page shows what its command writes."""

import pytest

from device.contract.errors import BadInputError
from training.report.front_page import FIGURES, NOT_MEASURED, PAGE, read_figures, table, with_table

ABOUT = {"date": "2026-11-30", "processor": "A processor", "faces": 200}
FIGURES_MADE = {
    "times": {
        "old": {"about": {"date": "2026-01-01"}, "rows": {"landmarks small": {"followed frame": 9.0}}},
        "new": {
            "about": ABOUT,
            "rows": {
                "landmarks small": {"followed frame": 2.0, "crop + network + decode": 1.0},
                "OpenSeeFace lm_model0_opt": {"crop + network + decode": 5.0},
            },
        },
    },
    "start": {"new": {"about": ABOUT, "rows": {"MediaPipe FaceMesh": {"seconds": 1.24, "memory_mb": 250.4}}}},
    "accuracy": {
        "": {
            "about": ABOUT,
            "rows": {"by_finder": {"landmarks small": {"without_offsets": 0.0345, "missed": 0.005}}},
        },
    },
}  # fmt: skip


def cells(rows, name):
    (line,) = [line for line in rows.splitlines() if line.startswith(f"| {name}")]
    return [cell.strip() for cell in line.strip("|").split("|")][1:-1]


def test_each_figure_stands_in_its_row_and_column(root):
    rows = table(FIGURES_MADE, root)
    assert cells(rows, "frames a second") == ["500", NOT_MEASURED, "200"]
    assert cells(rows, "seconds") == [NOT_MEASURED, "1.2", NOT_MEASURED]
    assert cells(rows, "memory") == [NOT_MEASURED, "250", NOT_MEASURED]
    assert cells(rows, "error")[0] == "3.45"
    assert cells(rows, "faces missed")[0] == "0.5"
    assert "A processor, 2026-11-30" in rows
    assert "200 faces" in rows


def test_a_program_of_which_nothing_was_measured_has_no_column_but_a_way_to_get_one(root):
    rows = table(FIGURES_MADE, root)
    head, note = rows.splitlines()[0], rows.splitlines()[-1]
    assert "OpenSeeFace" in head
    assert "PFLD" not in head
    assert cells(rows, "to download")[2] == "files of a repository"
    assert "of OpenSeeFace without finding it" in note
    assert "To add PFLD, give their files: `make bench-peers PFLD=PATH`." in note
    every = {"": {"about": ABOUT, "rows": {"OpenSeeFace": {}, "PFLD": {"seconds": 1.0}}}}
    assert "To add" not in table(FIGURES_MADE | {"start": every}, root)


def test_a_row_that_nobody_has_is_left_out(root):
    rows = table({}, root)
    assert "frames a second" not in rows
    assert cells(rows, "to download")[0].isdigit()


def test_the_readme_shows_what_the_command_writes():
    page = PAGE.read_text()
    assert page == with_table(page, table(read_figures(FIGURES))), "write it anew: make front-page"


def test_a_page_without_marks_and_damaged_figures_are_named(tmp_path):
    with pytest.raises(BadInputError, match="lacks"):
        with_table("a page", "")
    (tmp_path / "figures.json").write_text("{")
    with pytest.raises(BadInputError, match="damaged"):
        read_figures(tmp_path / "figures.json")

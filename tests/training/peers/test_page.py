import json

import pytest

from device.contract.errors import BadInputError
from training.peers.figures import Figures
from training.peers.hardship import HARDSHIPS
from training.peers.page import NOT_YET, figures_path, write_page

ABOUT = {
    "date": "2026-11-30",
    "processor": "A processor, int8 dot products (i8mm)",
    "machine": "Linux aarch64, Python 3.11.2",
    "landmarks": "0.1.0",
    "libraries": {"numpy": "2.0.0"},
    "peers": {"landmarks small": "sha256:0123", "MediaPipe mesh network": "0.10.14"},
    "missing": ["dlib: `DLIB=` FILE"],
    "faces": 40,
    "faces_from": "300w, validation.txt",
}
NAMES = ("landmarks small", "MediaPipe mesh network")


def accuracy_row(nme):
    band = {"count": 30, "missed": 0, "inner": nme, "jaw": 2 * nme}
    return {
        "missed": 0.025, "five": nme, "nme": 2 * nme, "without_offsets": nme, "inner": nme, "jaw": nme,
        "failures": 0.05, "by_yaw": {"0-15": band, "45-60": band}, "errors": [nme, nme],
    }  # fmt: skip


@pytest.fixture
def page(tmp_path):
    """A page with figures in every section."""
    page = tmp_path / "docs" / "benchmarks.md"
    figures = Figures(figures_path(page))
    times = {
        "landmarks small": {"network": 0.5, "crop + network + decode": 0.8, "followed frame": 1.0},
        "MediaPipe mesh network": {"network": 1.2, "crop + network + decode": 1.6},
        "MediaPipe FaceMesh": {"followed frame": 2.0},
    }
    figures.put("times", "int8 dot products", ABOUT, times)
    figures.put("start", "int8 dot products", ABOUT, {NAMES[0]: {"seconds": 0.3, "memory_mb": 80.6}})
    rows = {name: accuracy_row(nme) for name, nme in zip(NAMES, (0.04, 0.05), strict=True)}
    five = {**dict.fromkeys(rows["landmarks small"]), "missed": 0.1, "five": 0.07}
    found = {**rows, "YuNet": five}
    figures.put("accuracy", "", ABOUT, {"points": 66, "from_box": rows, "by_finder": found})
    steady = {name: {"median": 0.002, "p90": 0.004} for name in NAMES}
    steady["YuNet"] = {"median": 0.003, "p90": None}
    jitter = {"one box": steady, "following": {**steady, NAMES[1]: None}}
    figures.put("steadiness", "", ABOUT, jitter)
    curves = {hardship.name: {name: [0.04] * 6 for name in NAMES} for hardship in HARDSHIPS}
    figures.put("robustness", "", ABOUT, {"points": 66, "curves": curves})
    return page


def test_every_table_is_there_with_its_making(page):
    write_page(page)
    text = page.read_text()
    assert "| landmarks small | - | 0.50 | - | 0.80 | - | - | 1.00 | 0.50 | 0.50 |" in text
    assert "| landmarks small | 0.30 | 81 |" in text
    assert "| landmarks small | 8.00 | 4.00 | 4.00 | 4.00 | 4.00 | 5.00 | 2.50 |" in text
    assert "| YuNet | - | - | - | - | 7.00 | - | 10.00 |" in text
    assert "| inner / jaw, % | 0-15°, 30 faces | 45-60°, 30 faces |" in text
    assert "| MediaPipe mesh network | 5.00 / 10.00 | 5.00 / 10.00 |" in text
    assert "| MediaPipe mesh network | 0.20 (0.40) | - |" in text
    assert "| YuNet | 0.30 (missed) | 0.30 (missed) |" in text
    assert text.count("*Measured: 2026-11-30; ") == 5
    assert text.count("Not in every table, as it was not given: dlib: `DLIB=` FILE.\n") == 1
    assert NOT_YET not in text
    for plot in ("errors", "cost", "robustness"):
        assert f"](benchmarks/{plot}.svg)" in text
        assert (page.parent / "benchmarks" / f"{plot}.svg").stat().st_size < 150_000


def test_the_same_figures_give_the_same_bytes(page):
    made = []
    for _ in range(2):
        write_page(page)
        made.append({path.name: path.read_bytes() for path in page.parent.rglob("*.*") if path.is_file()})
    assert made[0] == made[1]


def test_what_was_not_measured_is_said(tmp_path):
    write_page(tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text().count(NOT_YET) == 5


def test_a_run_replaces_its_own_section_and_class_alone(page):
    figures = Figures(figures_path(page))
    figures.put("times", "no int8 dot products", ABOUT, {"landmarks small": {"network": 9.87}})
    write_page(page)
    text = page.read_text()
    assert "Processors with int8 dot products:" in text
    assert "Processors with no int8 dot products:" in text
    assert "9.87" in text
    assert "| landmarks small | 0.30 | 81 |" in text


def test_damaged_figures_are_told(page):
    figures_path(page).write_text("{")
    with pytest.raises(BadInputError, match="is damaged"):
        write_page(page)
    figures_path(page).write_text(json.dumps({}))
    write_page(page)

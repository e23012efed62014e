"""The whole device path on the demo photograph: as steady and as quick as is promised; and the page."""

import json

import pytest

from device.checks.jitter import program
from device.checks.jitter.page import BEGIN, END, FIGURE, put_between
from device.contract.errors import BadInputError, GateError
from tests.device.checks.options import options


@pytest.mark.slow
def test_the_default_setting_keeps_its_promise_on_the_demo_photograph(tmp_path, capsys):
    page = tmp_path / "README.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    assert program.run(options("jitter-bench", "--page", str(page), "--json", "--gate")) == 0
    settings = json.loads(capsys.readouterr().out)["settings"]
    assert list(settings) == ["off", "steady", "balanced", "quick"]
    jitters = [settings[name]["mean"]["jitter"] for name in ("steady", "balanced", "quick", "off")]
    assert jitters == sorted(jitters)
    assert jitters[0] > 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "| `balanced` |" in text
    assert (tmp_path / FIGURE).stat().st_size > 10_000


def test_a_setting_that_misses_its_mark_fails_the_gate():
    def measured(jitter, lag):
        figures = program.Figures(jitter, jitter, lag, 0.0, 0.0, 1.0)
        return program.Measured(figures, jitter)

    good = {"off": measured(0.003, 0.1), "balanced": measured(0.0011, 1.5)}
    program.check(good)
    with pytest.raises(GateError, match=r"0\.130 % of jitter"):
        program.check(good | {"balanced": measured(0.0013, 0.1)})
    with pytest.raises(GateError, match=r"1\.60 frames"):
        program.check(good | {"balanced": measured(0.0011, 1.7)})


def test_a_page_without_its_marks_is_refused(tmp_path):
    with pytest.raises(BadInputError, match="lacks the lines"):
        put_between(tmp_path / "none.md", BEGIN, END, "figures")


def test_a_folder_without_a_face_is_refused(tmp_path):
    with pytest.raises(BadInputError, match="no face in 0 pictures"):
        program.run(options("jitter-bench", "--pictures", str(tmp_path)))

import dataclasses
import json
import shutil

import pytest

from device.contract.errors import BadInputError
from tests.training.engine.test_loop import tiny_settings
from tests.training.report.test_results import records_of
from training.data.augment import AugmentSettings
from training.engine.checkpoint import save_network, settings_as_values
from training.models import build_model
from training.report.records import Record, Records
from training.report.search_log import differences, gain_text, section_of, write_search_log

TRIALS = """
[[trial]]
run = "new"
against = "old"
question = "Does it help?"
verdict = "kept"
"""


def write_run(runs, name, nme, augment):
    """A finished run of a tiny network, with the log that training leaves."""
    settings = dataclasses.replace(tiny_settings(images=48_000), name=name, seed=len(name), augment=augment)
    save_network(build_model(settings.model, 68), settings, {}, runs / name / "network.pt")
    rows = [{"step": 1, "images": 24_000, "nme_300w": 0.5}, {"step": 2, "images": 48_000, "nme_300w": nme}]
    (runs / name / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_trial_is_measured_and_its_settings_are_told(tmp_path):
    write_run(tmp_path, "old", 0.0402, AugmentSettings(blur=0.3))
    write_run(tmp_path, "new", 0.0386, AugmentSettings(blur=0.15))
    (tmp_path / "trials.toml").write_text(TRIALS)
    page = write_search_log(records_of(tmp_path), tmp_path / "trials.toml", tmp_path / "page.md")
    text = page.read_text()
    assert "| `new` | 48,000 | 3.86 |" in text
    assert "Gain +0.16 points: **kept**.\nOther than in `old`: `augment.blur = 0.15`." in text
    # The page can be written again where the runs are not.
    gone = Records(tmp_path / "nowhere", tmp_path / "records.jsonl")
    write_search_log(gone, tmp_path / "trials.toml", tmp_path / "again.md")
    assert (tmp_path / "again.md").read_text() == text


def test_a_gain_has_its_interval_where_both_runs_kept_their_errors():
    def record(*errors):
        return Record("a", sum(errors) / len(errors), 1, face_errors=errors, faces="f")

    worse, better = record(0.05, 0.06, 0.07), record(0.04, 0.05, 0.06)
    assert gain_text(better, worse) == "+1.00 [+1.00, +1.00] points"
    assert gain_text(record(0.05, 0.05, 0.08), worse).endswith("points, no difference")
    assert gain_text(Record("b", 0.04, 1), worse) == "+2.00 points"


def test_an_older_run_has_the_defaults_of_what_was_not_there_yet(tmp_path):
    settings = settings_as_values(tiny_settings())
    older = {**settings, "augment": {"blur": 0.3}}
    records = [Record(name, 0.04, 48, values) for name, values in (("new", settings), ("old", older))]
    lines = "".join(json.dumps(dataclasses.asdict(record)) + "\n" for record in records)
    (tmp_path / "records.jsonl").write_text(lines)
    trial = {"run": "new", "against": "old", "question": "Any?", "verdict": "none"}
    assert "Other than in `old`: nothing." in section_of(trial, records_of(tmp_path))


def test_a_fit_at_the_handover_is_measured_run_by_run(tmp_path):
    write_run(tmp_path, "small", 0.0371, AugmentSettings())
    folder = tmp_path / "small" / "handover"
    trial = {"handovers": ["small"], "fit": "shape", "question": "Shape?", "verdict": "kept"}
    with pytest.raises(BadInputError, match=r"make convert RUN=.*small"):
        section_of(trial, records_of(tmp_path))
    folder.mkdir(parents=True)
    figures = {"nme_without_shape": 0.0371, "nme_with_shape": 0.0364}
    (folder / "handover.json").write_text(json.dumps({"provenance": figures}))
    assert "| `small` | 3.71 | 3.64 | +0.07 |\n\n**Kept**." in section_of(trial, records_of(tmp_path))


def test_names_and_seeds_are_no_differences():
    first, second = {"name": "a", "seed": 0, "loss": {"map": 1}}, {"name": "b", "seed": 1, "loss": {"map": 1}}
    assert differences(first, second) == []


def test_the_projects_own_list_reads(root):
    import tomllib

    trials = tomllib.loads((root / "training" / "report" / "search_log.toml").read_text())["trial"]
    kinds = {"run", "against", "question", "verdict"}, {"handovers", "fit", "question", "verdict"}
    assert all(set(trial) in kinds for trial in trials)


def test_the_projects_pages_can_be_written_without_a_single_run(tmp_path, root):
    records = root / "training" / "report" / "records.jsonl"
    shutil.copy(records, tmp_path)
    kept = Records(tmp_path / "nowhere", tmp_path / "records.jsonl")
    page = write_search_log(kept, page=tmp_path / "SEARCH.md")
    assert page.read_text() == (root / "training" / "SEARCH.md").read_text()
    assert (tmp_path / "records.jsonl").read_text() == records.read_text()

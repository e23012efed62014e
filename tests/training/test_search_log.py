import json

import pytest
import torch

from device.contract.errors import BadInputError
from training.search_log import differences, final_nme, section_of, write_search_log

TRIALS = """
[[trial]]
run = "new"
against = "old"
question = "Does it help?"
verdict = "kept"
"""


def finish(runs, name, nme, **augment):
    (runs / name).mkdir()
    model = {"family": "landmark_student", "input_side": 64, "arguments": {}}
    settings = {"name": name, "seed": len(name), "model": model, "optimiser": {"images": 48_000}}
    settings["augment"] = augment
    torch.save({"settings": settings, "weights": {}}, runs / name / "network.pt")
    rows = [{"step": 1, "nme_300w": 0.5}, {"step": 2, "nme_300w": nme}, {"step": 3}]
    (runs / name / "log.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n")


def test_a_trial_is_measured_and_its_settings_are_told(tmp_path):
    # An older checkpoint lacks what was not there yet: it is no difference.
    finish(tmp_path, "old", 0.0402, blur=0.3)
    finish(tmp_path, "new", 0.0386, blur=0.15, cheap=0.0)
    (tmp_path / "trials.toml").write_text(TRIALS)
    text = write_search_log(tmp_path, tmp_path / "trials.toml", tmp_path / "page.md").read_text()
    assert "| `new` | 48,000 | 3.86 |" in text
    assert "Gain +0.16 points: **kept**.\nOther than in `old`: `augment.blur = 0.15`." in text


def test_a_fit_at_the_handover_is_measured_run_by_run(tmp_path):
    folder = tmp_path / "small" / "handover"
    trial = {"handovers": ["small"], "fit": "shape", "question": "Shape?", "verdict": "kept"}
    with pytest.raises(BadInputError, match=r"make convert RUN=.*small"):
        section_of(trial, tmp_path)
    folder.mkdir(parents=True)
    figures = {"nme_without_shape": 0.0371, "nme_with_shape": 0.0364}
    (folder / "handover.json").write_text(json.dumps({"provenance": figures}))
    assert "| `small` | 3.71 | 3.64 | +0.07 |\n\n**Kept**." in section_of(trial, tmp_path)


def test_names_and_seeds_are_no_differences():
    first, second = {"name": "a", "seed": 0, "loss": {"map": 1}}, {"name": "b", "seed": 1, "loss": {"map": 1}}
    assert differences(first, second) == []


def test_a_run_that_is_gone_is_named(tmp_path):
    with pytest.raises(BadInputError, match=r"no log in .*gone"):
        final_nme(tmp_path / "gone")


def test_the_projects_own_list_reads(root):
    import tomllib

    trials = tomllib.loads((root / "training" / "search_log.toml").read_text())["trial"]
    kinds = {"run", "against", "question", "verdict"}, {"handovers", "fit", "question", "verdict"}
    assert all(set(trial) in kinds for trial in trials)

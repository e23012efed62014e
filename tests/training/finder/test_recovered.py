"""A finder's run made from the finder that ships."""

import json

import pytest

from convert.tflite.weights import write_float_weights
from device.contract.errors import BadInputError
from tests.training.finder.tiny import tiny_pack, tiny_pictures
from training.finder import recovered
from training.finder.run import load_finder
from training.finder.settings import read_finder_run
from training.report.lineage import run_file_of


def test_the_shipped_finder_is_made_a_finished_run_once(root, tmp_path, monkeypatch):
    shipped = root / "device" / "models" / "finder" / "finder.tflite"
    write_float_weights(shipped, tmp_path / "finder.npz")
    settings = read_finder_run(run_file_of(shipped))
    monkeypatch.setattr(recovered, "load_run_pictures", lambda *_: (tiny_pack(), tiny_pictures(), ()))
    monkeypatch.setattr(recovered, "calibration_canvases", lambda *_: tiny_pictures().inputs)
    monkeypatch.setattr(recovered, "make_composer", lambda *_: None)

    missed = recovered.recover_finder_run(settings, tmp_path / "finder.npz", None, None, tmp_path)

    network, read = load_finder(tmp_path / settings.name / "network.pt")
    assert read == settings
    assert sum(weight.numel() for weight in network.parameters()) > 400_000
    row = json.loads((tmp_path / settings.name / "log.jsonl").read_text())
    assert row["recovered"] is True
    assert {f"missed_{name}" for name in missed} <= set(row)
    with pytest.raises(BadInputError, match="is there already"):
        recovered.recover_finder_run(settings, tmp_path / "finder.npz", None, None, tmp_path)

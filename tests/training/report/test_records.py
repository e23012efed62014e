"""Records of finished runs: read from the runs at hand, kept of those that are gone."""

import dataclasses
import json

import pytest
import torch

from device.contract.errors import BadInputError
from tests.training.report.test_results import records_of, write_run
from tests.training.tasks.test_published_systems import tiny_run
from training.engine.checkpoint import save_network
from training.models import build_model
from training.models.backbones import build_backbone
from training.report.records import Record, load_records, macs_of
from training.tasks.pretrain import PretrainLoss


def test_published_multiply_accumulates_and_parameters():
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, stride=2, padding=1), torch.nn.Conv2d(8, 4, 1))
    # 16 x 16 outputs of 3 * 9 products into 8 channels, then 8 products into 4.
    assert macs_of(network, 32) == 16 * 16 * (3 * 9 * 8 + 8 * 4)


@pytest.mark.slow
def test_mobilenet_v2_costs_what_its_paper_says():
    backbone = build_backbone("mobilenet_v2", 224, {})
    # 300 M at 224 pixels (Sandler et al., CVPR 2018, table 4) with the classifier's 1.28 M.
    assert macs_of(backbone, 224) / 1e6 == pytest.approx(300 - 1.28, abs=3)


def test_a_run_at_hand_is_read_and_kept_for_when_it_is_gone(tmp_path):
    write_run(tmp_path, "one", 0.061)
    records = records_of(tmp_path)
    found = records.get("one")
    assert (found.nme, found.images, found.device) == (0.061, 900, "cpu")
    records.save()
    (tmp_path / "one" / "network.pt").unlink()
    # JSON has lists where the run file has tuples.
    assert json.dumps(dataclasses.asdict(records_of(tmp_path).get("one"))) == json.dumps(
        dataclasses.asdict(found)
    )


def test_a_run_trained_again_replaces_its_record(tmp_path):
    for nme in (0.061, 0.055):
        write_run(tmp_path, "one", nme)
        records = records_of(tmp_path)
        records.get("one")
        records.save()
    assert load_records(tmp_path / "records.jsonl")["one"].nme == 0.055


def test_a_run_made_of_a_shipped_model_does_not_replace_its_record(tmp_path):
    write_run(tmp_path, "one", 0.061)
    records = records_of(tmp_path)
    records.get("one")
    records.save()
    row = {"step": 0, "images": 900, "nme_300w": 0.062, "recovered": True}
    (tmp_path / "one" / "log.jsonl").write_text(json.dumps(row))
    assert records_of(tmp_path).get("one").nme == 0.061


def test_a_pretrained_trunk_at_hand_is_read_again_though_its_log_has_no_error(tmp_path):
    settings = dataclasses.replace(tiny_run("regression"), task="pretrain", loss=PretrainLoss())
    save_network(build_model(settings.model, 68), settings, {}, tmp_path / "trunk" / "network.pt")
    (tmp_path / "trunk" / "log.jsonl").write_text('{"step": 9, "images": 900, "unexplained_300w": 0.6}\n')
    for _ in range(2):
        records = records_of(tmp_path)
        assert (records.get("trunk").nme, records.get("trunk").images) == (None, 900)
        records.save()


def test_seeds_are_found_in_the_runs_and_in_the_records(tmp_path):
    gone = Record("one-seed2", 0.063, 900)
    (tmp_path / "records.jsonl").write_text(json.dumps(dataclasses.asdict(gone)) + "\n")
    write_run(tmp_path, "one", 0.061)
    write_run(tmp_path, "one-seed1", 0.062)
    (tmp_path / "one-seedling").mkdir()
    assert [record.nme for record in records_of(tmp_path).seeds_of("one")] == [0.061, 0.062, 0.063]


def test_what_is_nowhere_is_named(tmp_path):
    with pytest.raises(BadInputError, match=r"no finished run .*gone, and no record"):
        records_of(tmp_path).get("gone")


def test_damaged_records_are_named(tmp_path):
    (tmp_path / "records.jsonl").write_text('{"name": "one"}\n')
    with pytest.raises(BadInputError, match="take it from git again"):
        records_of(tmp_path)

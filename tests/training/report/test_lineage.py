from pathlib import Path

import pytest
import torch

from device.contract.errors import BadInputError
from training.report.lineage import commands_again, images_seen, lineage, run_file_of, run_files

ROOT = Path(__file__).parents[3]


def finish(runs, name, images, **others):
    (runs / name).mkdir()
    settings = {"name": name, "optimiser": {"images": images}, **others}
    torch.save({"settings": settings, "weights": {}}, runs / name / "network.pt")


@pytest.fixture
def runs(tmp_path):
    finish(tmp_path, "teacher", 9_000)
    finish(tmp_path, "small-rough", 5_000)
    finish(tmp_path, "base-rough", 700, start="small-rough", teachers={"teacher": ("teacher",)})
    finish(tmp_path, "base", 40, start="base-rough", teachers={"teacher": ("teacher",)})
    return tmp_path


def test_a_runs_ancestors_come_before_it_each_once(runs):
    names = [run["name"] for run in lineage(runs / "base")]
    assert names == ["small-rough", "teacher", "base-rough", "base"]


def test_the_images_of_all_of_them_are_told(runs):
    assert images_seen(lineage(runs / "base")) == "5,000 + 9,000 + 700 + 40"


def test_the_commands_name_run_files_that_are_there(runs, root):
    commands = commands_again(lineage(runs / "small-rough"), "--data DATA")
    file = "training/configs/landmark_student/small-rough.toml"
    assert commands == f"    python -m training train {file} --data DATA"
    assert all((root / path).is_file() for path in run_files().values())


def test_an_ancestor_that_is_gone_is_named(runs):
    (runs / "small-rough" / "network.pt").unlink()
    with pytest.raises(BadInputError, match="small-rough"):
        lineage(runs / "base")


def test_every_shipped_model_names_a_run_file_that_is_kept():
    models = sorted((ROOT / "device/models").glob("*/*.tflite"))
    assert len(models) >= 4
    for model in models:
        assert run_file_of(model).is_file()


def test_recovered_and_blended_networks_are_told_as_what_they_are(tmp_path):
    finish(tmp_path, "small", 48_000, start="small-lean", teachers={"teacher": ("base-lean",)})
    (tmp_path / "small" / "log.jsonl").write_text('{"step": 0, "recovered": true}\n')
    finish(tmp_path, "small-bent", 300, start="small")
    (tmp_path / "small-bent" / "log.jsonl").write_text('{"step": 9}\n')
    finish(tmp_path, "small-bent-blended", 0, start="small-bent")
    row = '{"step": 0, "blended": ["small", "small-bent"], "share": 0.7, "stricter": 1.0}\n'
    (tmp_path / "small-bent-blended" / "log.jsonl").write_text(row)

    runs = lineage(tmp_path / "small-bent-blended")

    assert [run["name"] for run in runs] == ["small", "small-bent", "small-bent-blended"]
    assert images_seen(runs) == "those of the earlier small + 300"
    recover, train, blend = commands_again(runs, "--data DATA").splitlines()
    assert recover.strip().startswith("make recover SIZE=small DATA=DATA")
    assert train.strip().endswith("small-bent.toml --data DATA")
    assert blend.strip().endswith("small-bent-blended.toml --with small --share 0.7 --stricter 1")

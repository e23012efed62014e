import json

import numpy as np
import pytest
import torch

from device.contract.errors import BadInputError
from tests.training.finder.tiny import tiny_pack, tiny_pictures, tiny_run
from training.engine.loop import Loop
from training.engine.run_parts import LoopOptions
from training.finder.run import load_finder, load_run_pictures, make_parts
from training.finder.settings import finder_run_from_values, is_finder_run, read_finder_run


def parts_in(folder, **optimiser):
    return make_parts(tiny_run(**optimiser), tiny_pack(), tiny_pictures(), folder, LoopOptions())


def test_a_killed_run_resumes_with_the_same_result(tmp_path):
    Loop(parts_in(tmp_path / "whole")).run()
    Loop(parts_in(tmp_path / "cut")).run(stop_at=5)
    Loop(parts_in(tmp_path / "cut")).run()
    whole, cut = (
        torch.load(tmp_path / name / "tiny" / "network.pt", weights_only=True)["weights"]
        for name in ("whole", "cut")
    )
    assert all(torch.equal(whole[name], cut[name]) for name in whole)


def test_a_run_leaves_its_network_log_and_pictures(tmp_path):
    missed = Loop(parts_in(tmp_path)).run()
    assert set(missed) == {"tiny", "ground"}
    names = {path.name for path in (tmp_path / "tiny").iterdir()}
    files = {"checkpoint.pt", "network.pt", "log.jsonl", "curves.png", "predictions.png", "speed.json"}
    assert names == files | {"tensorboard"}
    model, settings = load_finder(tmp_path / "tiny" / "network.pt")
    assert settings == tiny_run()
    assert not model.training
    rows = [json.loads(line) for line in (tmp_path / "tiny" / "log.jsonl").read_text().splitlines()]
    assert {"missed_tiny", "missed_ground", "loss_score", "loss_points"} <= set(rows[-1])


def test_training_teaches_where_the_squares_are(tmp_path):
    loop = Loop(parts_in(tmp_path, images=6000, learning_rate=4e-3))
    batch = loop.parts.augmenter.batch(torch.arange(8), torch.Generator().manual_seed(7))
    before = {name: float(value.detach()) for name, value in loop.parts.task(batch).terms.items()}
    for loop.step in range(120):
        loop.train_step()
    after = {name: float(value.detach()) for name, value in loop.parts.task(batch).terms.items()}
    assert after["score"] < 0.7 * before["score"]
    assert after["corner"] < 0.7 * before["corner"]


def test_the_shipped_run_file_reads_and_is_a_finders(root):
    path = root / "training" / "configs" / "finder" / "finder.toml"
    settings = read_finder_run(path)
    assert settings.name == "finder"
    assert is_finder_run({"task": settings.task})
    assert not is_finder_run({"name": "small"})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model": {"input_wh": [100, 64]}}, "wanted multiples of 32"),
        ({"compose": {"mirrored": 1.0}}, "unknown key 'mirrored'"),
        ({"colour": 1}, "unknown key 'colour'"),
    ],
)
def test_a_wrong_run_file_is_refused_by_its_key(values, message):
    base = {"name": "x", "task": "finder", "optimiser": {"images": 10}}
    with pytest.raises(BadInputError, match=message):
        finder_run_from_values({**base, **values}, "test")


def test_a_run_without_data_or_teacher_says_what_to_give(tmp_path):
    with pytest.raises(BadInputError, match="give --data and --yunet"):
        load_run_pictures(tiny_run(), None, None, tmp_path)


def test_drawn_grounds_of_the_validation_are_none_of_the_trainings():
    from training.finder.pictures import make_grounds
    from training.finder.run import UNSEEN_GROUNDS

    trained, unseen = make_grounds(3, 32), make_grounds(6, 32)[-3:]
    assert UNSEEN_GROUNDS > 0
    assert (make_grounds(6, 32)[:3] == trained).all()
    assert not any(np.array_equal(one, other) for one in trained for other in unseen)

"""A network between two."""

import dataclasses
import json

import pytest
import torch

from device.contract.errors import BadInputError, UsageError
from tests.training.finder.tiny import tiny_run
from training.engine.checkpoint import save_network
from training.export.blend import between, blend_runs, stricter
from training.finder.run import build_finder, load_finder

BLENDED = {"name": "blended", "start": "second"}


@pytest.fixture
def runs(tmp_path):
    for number, name in enumerate(("first", "second")):
        torch.manual_seed(number)
        save_network(build_finder(tiny_run().model), tiny_run(), {}, tmp_path / name / "network.pt")
    return tmp_path


def settings(**others):
    return dataclasses.replace(tiny_run(), **{**BLENDED, **others})


def test_the_weights_lie_between_those_of_the_two(runs):
    assert blend_runs(settings(), "first", 0.75, runs) == runs / "blended"
    first, second, blended = (
        load_finder(runs / name / "network.pt")[0].state_dict() for name in ("first", "second", "blended")
    )
    for name, weight in blended.items():
        if weight.is_floating_point():
            assert torch.allclose(weight, 0.25 * first[name] + 0.75 * second[name], atol=1e-6)
    row = json.loads((runs / "blended" / "log.jsonl").read_text())
    assert (row["blended"], row["share"]) == (["first", "second"], 0.75)
    with pytest.raises(BadInputError, match="is there already"):
        blend_runs(settings(), "first", 0.75, runs)


def test_a_stricter_presence_is_lower_by_so_many_logits():
    made = stricter({"presence.bias": torch.tensor([0.25]), "other": torch.ones(2)}, 1.5)
    assert made["presence.bias"].tolist() == [-1.25]
    assert made["other"].tolist() == [1, 1]


def test_a_network_without_presence_cannot_be_stricter(runs):
    with pytest.raises(UsageError, match="leave --stricter out"):
        blend_runs(settings(), "first", 0.5, runs, 1.0)
    assert not (runs / "blended").exists()


def test_what_cannot_be_blended_is_refused(runs):
    with pytest.raises(UsageError, match="from 0 to 1"):
        blend_runs(settings(), "first", 1.5, runs)
    with pytest.raises(UsageError, match="no `start`"):
        blend_runs(settings(start=""), "first", 0.5, runs)
    with pytest.raises(BadInputError, match="not of one form"):
        between({"a": torch.zeros(2)}, {"a": torch.zeros(3)}, 0.5)

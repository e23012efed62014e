"""The run files of the open models learn from free sources alone, before a run proves it."""

import numpy as np
import pytest

from device.contract.provenance import is_open
from training.data.sets.origins import origins_of
from training.engine.run_file import read_merged
from training.programs.train import settings_from_values
from training.report.lineage import CONFIGS

FILES = sorted((CONFIGS / "open").glob("*.toml"))
SHIPPED = ("open-small", "open-tiny", "open-base", "open-made", "open-finder")


@pytest.fixture(scope="module")
def runs():
    """Settings by the name of the run."""
    made = [settings_from_values(read_merged(path), path.name) for path in FILES]
    return {settings.name: settings for settings in made}


def before(settings):
    return [name for name in (settings.start, *getattr(settings, "teacher_runs", ())) if name]


def test_every_run_of_their_chain_is_there_and_open(runs):
    assert set(SHIPPED) <= set(runs)
    for name, settings in runs.items():
        assert is_open(name)
        assert set(before(settings)) <= set(runs), name


def test_every_set_is_made_from_free_sources(runs):
    for name, settings in runs.items():
        assert settings.data.weights, f"{name} would learn from the usual sets"
        for kind in settings.data.weights:
            assert all(
                source.free for source in origins_of(["a"], [np.zeros((68, 2))], [kind], "training")
            ), f"{name}: {kind}"


def test_nothing_measured_on_research_sets_is_learnt(runs):
    for settings in runs.values():
        assert settings.augment.label_bias == 0
        assert getattr(settings.data, "turned", 0) == 0
        assert getattr(settings.data, "teacher", "none") == "none"


def test_the_model_without_photographs_inherits_none(runs):
    todo, seen = ["open-made"], set()
    while todo:
        name = todo.pop()
        seen |= set(runs[name].data.weights)
        todo += before(runs[name])
    assert seen == {"rendered", "drawn"}

import pytest

from device.daemon import licence
from device.daemon.licence import licence_note
from device.finders import trained
from device.finders.trained import finder_for
from device.inference import engine

FREE = {"sources": [{"name": "VALID avatars", "licence": "MIT", "sha256": "ab", "used_as": "training"}]}


@pytest.fixture
def open_model_ships(monkeypatch):
    monkeypatch.setattr(licence, "shipped_models", lambda: ["open-small", "small"])


@pytest.mark.usefixtures("open_model_ships")
def test_weights_for_research_are_named_in_one_line_with_what_is_free():
    note = licence_note({"model small": {}, "its finder": {}})
    assert note.count("\n") == 0
    assert "model small and its finder" in note
    assert "--model open-small" in note


@pytest.mark.usefixtures("open_model_ships")
def test_a_research_finder_beside_an_open_model_is_named_alone():
    note = licence_note({"model open-small": FREE, "its finder": {}})
    assert note.startswith("its finder: ")


@pytest.mark.usefixtures("open_model_ships")
def test_nothing_is_said_where_everything_is_free():
    assert not licence_note({"model open-small": FREE, "finder open-finder": FREE})


def test_nothing_is_said_where_no_free_model_ships(monkeypatch):
    monkeypatch.setattr(licence, "shipped_models", lambda: ["small"])
    assert not licence_note({"model small": {}})


def test_an_open_model_takes_the_open_finder_where_it_ships(tmp_path, monkeypatch):
    shipped = tmp_path / "finder.tflite"
    monkeypatch.setattr(trained, "SHIPPED_OPEN", shipped)
    assert finder_for("open-small", "trained:") == "trained:"
    shipped.touch()
    assert finder_for("open-small", "trained:") == f"trained:{shipped}"
    assert finder_for("open-small", "centre:") == "centre:"
    assert finder_for("small", "trained:") == "trained:"


@pytest.mark.parametrize(("name", "smaller"), [("small", ["tiny"]), ("open-base", ["open-small"])])
def test_who_is_short_of_time_stays_with_models_of_the_same_licence(monkeypatch, name, smaller):
    costs = {"tiny": 1, "open-small": 2, "small": 3, "open-base": 4}
    monkeypatch.setattr(engine, "shipped_models", lambda: list(costs))
    monkeypatch.setattr(engine, "find_model", lambda model: model)
    monkeypatch.setattr(engine, "_cost", lambda model: costs[model])
    assert engine._smaller_models(name) == smaller

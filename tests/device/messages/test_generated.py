"""What is generated from the messages is what its command writes, and strict enough for strict readers."""

import dataclasses
import gzip
import json

import pytest
from jsonschema import Draft202012Validator

from device.contract.landmarks import SCHEMES
from device.messages.base import SCHEMA_FILE
from device.messages.json_schema import schema_text
from device.messages.pages import (
    FIELDS_PAGE,
    MIGRATION_PAGE,
    NAMES_FILE,
    README,
    fields_page,
    names_text,
    readme,
)
from tests.conftest import ROOT

STALE = "write it anew: python -m device.messages"
SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
SAMPLES = sorted((ROOT / "device" / "web" / "client" / "samples").glob("*.jsonl.gz"))


def test_the_files_are_what_the_command_writes():
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), STALE
    assert FIELDS_PAGE.read_text(encoding="utf-8") == fields_page(), STALE
    assert NAMES_FILE.read_text(encoding="utf-8") == names_text(), STALE
    page = MIGRATION_PAGE.read_text(encoding="utf-8")
    assert page == readme(page), STALE
    text = README.read_text(encoding="utf-8")
    assert text == readme(text), STALE
    assert text.count("<!-- table: ") == 14


def test_a_scheme_that_a_model_brings_along_changes_no_file(monkeypatch):
    monkeypatch.setitem(SCHEMES, "own_4", dataclasses.replace(SCHEMES["arcface_5"], name="own_4"))
    assert "own_4" not in schema_text() + names_text() + readme(README.read_text(encoding="utf-8"))


def test_every_key_of_the_schema_has_a_row_with_a_meaning():
    rows = [line.split(" | ") for line in fields_page().splitlines() if line.startswith("| `")]
    named = {row[0].strip("| `") for row in rows}
    keys = {key for definition in SCHEMA["$defs"].values() for key in definition.get("properties", {})}
    assert len(keys) > 60
    assert keys <= named


def nodes_in(node):
    """Every subschema."""
    if isinstance(node, dict):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes_in(each)


BELONGS_TO = {
    "number": {"minimum", "maximum", "exclusiveMinimum"},
    "string": {"minLength", "maxLength", "pattern"},
    "array": {"items", "minItems", "maxItems", "uniqueItems"},
    "object": {"properties", "required", "additionalProperties"},
}


def test_no_keyword_stands_without_the_type_that_it_belongs_to():
    # What ajv's strict mode asks beyond the standard: "strictTypes" and "strictRequired".
    checked = 0
    for node in nodes_in({**SCHEMA, "$defs": list(SCHEMA["$defs"].values())}):
        for kind, keywords in BELONGS_TO.items():
            if keywords & node.keys() and isinstance(node.get("type", ""), str):
                assert node.get("type") in ((kind, "integer") if kind == "number" else (kind,)), node
                checked += 1
        if isinstance(node.get("required"), list):
            assert set(node["required"]) <= node["properties"].keys()
    assert checked > 100


def test_there_are_recorded_samples():
    assert len(SAMPLES) >= 2


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_every_recorded_sample_is_valid(path):
    validator = Draft202012Validator(SCHEMA)
    lines = gzip.decompress(path.read_bytes()).splitlines()
    for line in lines[::10]:
        validator.validate(json.loads(line))


def test_a_frame_has_as_many_points_as_its_scheme():
    validator = Draft202012Validator(SCHEMA)
    lines = gzip.decompress(SAMPLES[0].read_bytes()).splitlines()
    frame = next(frame for frame in map(json.loads, lines) if frame.get("faces"))
    assert validator.is_valid(frame)
    assert validator.is_valid(frame | {"scheme": "ibug_68"})
    assert not validator.is_valid(frame | {"scheme": "wflw_98"})
    frame["faces"][0]["landmarks"] += [[0, 0]] * 30
    frame["faces"][0]["landmark_scores"] += [0.5] * 30
    assert validator.is_valid({**frame, "faces": frame["faces"][:1], "scheme": "wflw_98"})
    assert not validator.is_valid(frame)

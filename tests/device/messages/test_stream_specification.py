"""device/README.md, the JSON Schema and the messages say the same."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from device.messages.messages import SCHEMA_FILE

TEXT = (SCHEMA_FILE.parents[1] / "README.md").read_text(encoding="utf-8")
SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
KINDS = ("frame", "face_lost", "error", "status", "health", "reply", "selftest")
EXAMPLES = [
    json.loads(line)
    for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines()
]


def section(kind: str) -> str:
    return re.split(r"\n##\s|\n###\s", TEXT.split(f"### `{kind}`\n")[1])[0]


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_there_is_an_example_of_every_message_and_all_are_valid() -> None:
    assert len(EXAMPLES) >= 7
    assert {example["type"] for example in EXAMPLES} == set(KINDS)
    for example in EXAMPLES:
        Draft202012Validator(SCHEMA).validate(example)


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_of_the_schema_stands_in_the_specification(kind: str) -> None:
    keys = set(SCHEMA["$defs"][kind]["properties"]) - {
        "type",
        "schema",
        "source",
        "frame",
        "faces",
        "timing_ms",
    }
    nested = {
        "frame": ("frame_info", "face", "pose", "signals", "blinks", "timing_ms"),
        "status": ("condition",),
        "selftest": ("check_result",),
    }
    for name in nested.get(kind, ()):
        keys |= set(SCHEMA["$defs"][name]["properties"])
    words = re.findall(r"`([\w.*\[\]]+)`", section(kind))
    named = {part.removesuffix("[]") for word in words for part in word.split(".")}
    assert keys
    assert keys <= named


def fields(node: Any) -> Iterator[dict[str, Any]]:
    """Every property of every object in the schema."""
    for definition in node["$defs"].values():
        yield from definition.get("properties", {}).values()


def test_every_field_is_described_and_every_number_has_a_unit() -> None:
    described = [field for field in fields(SCHEMA) if "$ref" not in field]
    assert len(described) > 50
    for field in described:
        assert field["description"]
        if field.get("type") == "number":
            assert "unit: " in field["description"]


def test_readers_must_let_unknown_keys_pass() -> None:
    objects = [definition for definition in SCHEMA["$defs"].values() if definition.get("type") == "object"]
    assert len(objects) >= 12
    assert all(definition["additionalProperties"] is True for definition in objects)


def test_the_schema_is_found_beside_the_code() -> None:
    assert Path("device/messages/stream-1.schema.json").parts == SCHEMA_FILE.parts[-3:]

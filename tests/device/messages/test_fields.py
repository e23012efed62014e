"""The page of every field is the one that its command writes, and lacks none."""

import json

from device.messages.fields import PAGE, page
from device.messages.messages import SCHEMA_FILE


def test_the_page_is_what_the_command_writes():
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: python -m device.messages.fields"


def test_every_key_of_the_schema_has_a_row_with_a_meaning():
    rows = [line.split(" | ") for line in page().splitlines() if line.startswith("| `")]
    named = {row[0].strip("| `") for row in rows}
    definitions = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))["$defs"].values()
    keys = {key for definition in definitions for key in definition.get("properties", {})}
    assert len(keys) > 60
    assert keys <= named

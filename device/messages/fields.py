"""Every field of the stream as a page: message, key, type, meaning with unit, axis and clock.

`python -m device.messages.fields` writes FIELDS.md from the JSON Schema; a test holds the two together,
and others hold the schema to the code and to device/README.md.
"""

import json
from pathlib import Path
from typing import Any

from device.contract.files import write_whole_bytes
from device.messages.cbor import face_layout_table
from device.messages.messages import SCHEMA, SCHEMA_FILE
from device.messages.signals import SIGNALS

PAGE = SCHEMA_FILE.with_name("FIELDS.md")

HEAD = f"""# Every field of the stream, schema {SCHEMA}

Written by `python -m device.messages.fields` from [`{SCHEMA_FILE.name}`]({SCHEMA_FILE.name}).
What it all means together: [`device/README.md`](../README.md). Pixels are of the frame, (0, 0) the centre
of its top-left pixel, x right, y down; left and right are the subject's. Keys ending in `_ns` count
nanoseconds of the device's monotonic clock, `utc_ns` of UTC. A key that is not marked *always* is left
out where its value is not known.
"""


def type_of(field: dict[str, Any]) -> str:
    """A field's type in words."""
    if "$ref" in field:
        return str(field["$ref"].rpartition("/")[2])
    if "const" in field:
        return f"`{json.dumps(field['const'])}`"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        counts = {field.get("minItems"), field.get("maxItems")} - {None}
        count = f"{counts.pop()} of " if len(counts) == 1 else ""
        return f"list of {count}{type_of(field.get('items', {}))}"
    return str(field.get("type", "any"))


def range_of(field: dict[str, Any]) -> str:
    """The range that the schema sets, or nothing."""
    low, high = field.get("minimum"), field.get("maximum")
    if low is None and high is None:
        return ""
    return f"from {low}" if high is None else f"{low} to {high}"


def section(name: str, definition: dict[str, Any]) -> list[str]:
    """One object's table."""
    lines = [f"\n## {name}\n", definition["description"], ""]
    if "properties" not in definition:
        return lines[:-1]
    lines += ["| key | always | type | range | meaning |", "| --- | --- | --- | --- | --- |"]
    required = definition.get("required", ())
    for key, field in definition["properties"].items():
        always = "yes" if key in required else ""
        meaning = field.get("description", "").replace("|", "\\|")
        lines.append(f"| `{key}` | {always} | {type_of(field)} | {range_of(field)} | {meaning} |")
    return lines


def page() -> str:
    """The whole page."""
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    lines = [HEAD.rstrip()]
    for name, definition in schema["$defs"].items():
        lines += section(name, definition)
    lines += ["\n## Signals\n", "| key | from | to | meaning |", "| --- | --- | --- | --- |"]
    lines += [f"| `{one.name}` | {one.least:g} | {one.most:g} | {one.meaning} |" for one in SIGNALS]
    lines += ["\n## A face in the binary form\n", face_layout_table()]
    return "\n".join(lines) + "\n"


def main(path: Path = PAGE) -> None:
    """Write the page."""
    write_whole_bytes(path, page().encode())


if __name__ == "__main__":
    main()

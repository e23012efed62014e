"""Tables of fields, written from the structs and their JSON Schema: FIELDS.md, and those of the README."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from msgspec import Struct

from device.contract.facemesh import FACEMESH_OF_IBUG_68
from device.contract.geometry import Box
from device.contract.landmarks import SHIPPED_SCHEMES
from device.messages.arkit import ARKIT_NAMES, ARKIT_SHAPES, ARKIT_TOLD
from device.messages.base import SCHEMA, SCHEMA_FILE
from device.messages.cbor import face_layout_table
from device.messages.commands import command_table
from device.messages.fields import MAX_INTEGER, annotated_fields, unwrapped
from device.messages.frame import Pose
from device.messages.health import Percentiles
from device.messages.json_decoder import KINDS
from device.messages.json_schema import schema
from device.messages.signals import REGIONS, SIGNAL_NAMES, SIGNALS
from device.support.condition import Condition

FIELDS_PAGE = SCHEMA_FILE.with_name("FIELDS.md")
README = Path(__file__).parents[1] / "README.md"

MIGRATION_PAGE = Path(__file__).parents[1] / "client" / "MIGRATION.md"

NAMES_FILE = Path(__file__).parents[1] / "web" / "client" / "src" / "names.json"
"""Names in the order of the binary form, and the number of points of each scheme, for the client module."""

HEAD = f"""# Every field of the stream, schema {SCHEMA}

Written by `python -m device.messages` from the structs of `device/messages/`, as is
[`{SCHEMA_FILE.name}`]({SCHEMA_FILE.name}). What it all means together:
[`device/README.md`](../README.md). Pixels are of the frame, (0, 0) the centre of its top-left pixel, x right,
y down; left and right are the subject's. A key that is not marked *always* is left out where its value is not
known.
"""

TYPES = {float: "number", int: "integer", str: "string", bool: "boolean", Box: "4 numbers"}

SEPARATE: tuple[type[Struct], ...] = (Pose, Condition, Percentiles)
"""Structs with a table or a sentence of their own, which the tables of messages do not unfold."""


def fields_page() -> str:
    """FIELDS.md."""
    lines = [HEAD.rstrip()]
    for name, definition in schema()["$defs"].items():
        lines += _section(name, definition)
    return "\n".join([*lines, "\n## A face in the binary form\n", face_layout_table()]) + "\n"


def names_text() -> str:
    """What the client module cannot read from types."""
    schemes = {scheme.name: scheme.count for scheme in SHIPPED_SCHEMES}
    names = {
        "schemes": schemes, "regions": REGIONS, "signals": SIGNAL_NAMES, "arkit": ARKIT_NAMES,
        "facemesh": FACEMESH_OF_IBUG_68,
    }  # fmt: skip
    return json.dumps(names, indent=2) + "\n"


def readme(text: str) -> str:
    """A page with its tables written anew: each begins after `<!-- table: NAME -->`."""
    tables = {kind: message_table(struct) for kind, struct in KINDS.items()}
    tables |= {"pose": message_table(Pose), "signals": signal_table(), "condition": message_table(Condition)}
    tables |= {"schemes": scheme_table(), "arkit": arkit_table(), "facemesh": facemesh_table()}
    tables |= {"face in binary form": face_layout_table(), "commands": command_table()}
    return re.sub(
        r"(<!-- table: ([a-z_ ]+) -->\n).*?(<!-- end -->)",
        lambda found: f"{found[1]}{tables[found[2]]}\n{found[3]}",
        text,
        flags=re.DOTALL,
    )


def message_table(struct: type[Struct]) -> str:
    """Key, type, unit and meaning of each field, those of nested structs too."""
    return "\n".join(["| key | type | unit | meaning |", "| --- | --- | --- | --- |", *_rows(struct)])


def signal_table() -> str:
    """Key, range and meaning of each signal."""
    rows = [f"| `{one.name}` | {one.least:g} to {one.most:g} | {one.meaning} |" for one in SIGNALS]
    return "\n".join(["| key | range | meaning |", "| --- | --- | --- |", *rows])


def arkit_table() -> str:
    """ARKit's blend shapes that we tell, with what each rests on; in the last row those that we cannot."""
    rows = [f"| `{name}` | {source} |" for name, source in ARKIT_TOLD.items()]
    others = ", ".join(f"`{name}`" for name in ARKIT_SHAPES if name not in ARKIT_TOLD)
    rows.append(f"| {others} | 68 points do not show them: left out |")
    return "\n".join(["| key | from |", "| --- | --- |", *rows])


def facemesh_table() -> str:
    """The vertex of MediaPipe's mesh for each of our points, part by part."""
    parts = {
        "jaw, right to left": 17, "right brow": 5, "left brow": 5, "bridge of the nose": 4, "nostrils": 5,
        "right eye": 6, "left eye": 6, "outer lips": 12, "inner lips": 8,
    }  # fmt: skip
    rows, first = [], 0
    for name, count in parts.items():
        vertices = ", ".join(map(str, FACEMESH_OF_IBUG_68[first : first + count]))
        rows.append(f"| {first} to {first + count - 1} | {name} | {vertices} |")
        first += count
    return "\n".join(["| our points | part | vertices of the mesh |", "| --- | --- | --- |", *rows])


def scheme_table() -> str:
    """Name and number of points of each landmark scheme."""
    rows = [f"| `{scheme.name}` | {scheme.count} | {scheme.order} |" for scheme in SHIPPED_SCHEMES]
    return "\n".join(["| scheme | points | order |", "| --- | --- | --- |", *rows])


def _rows(struct: type[Struct], prefix: str = "", perhaps: bool = False) -> Iterator[str]:
    """Rows of a struct's fields, whose keys begin with the prefix; `perhaps` the struct may be left out."""
    for name, hint in annotated_fields(struct):
        kind, noted, optional = unwrapped(hint)
        several = get_origin(kind) is Sequence
        inner = unwrapped(get_args(kind)[0])[0] if several else kind
        if isinstance(inner, type) and issubclass(inner, Struct) and inner not in SEPARATE:
            yield from _rows(inner, f"{prefix}{name}{'[]' if several else ''}.", optional)
        elif name != "source":
            words = type_in_words(kind) + (", optional" if perhaps or optional or noted.get("late") else "")
            place = f"{prefix}{noted['inside']}." if noted.get("inside") else prefix
            yield f"| `{place}{name}` | {words} | {noted.get('unit', '')} | {noted.get('meaning', '')} |"


def type_in_words(kind: Any) -> str:
    """A field's type as the tables name it."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in TYPES:
        return TYPES[kind]
    if origin is tuple:
        return f"{len(arguments)} numbers"
    if origin is list:
        return "K times 2 numbers" if get_origin(arguments[0]) is tuple else "K numbers"
    if origin is Sequence:
        return f"{type_in_words(unwrapped(arguments[0])[0])}s"
    return "string" if isinstance(kind, type) and issubclass(kind, str) else "object"


def _section(name: str, definition: dict[str, Any]) -> list[str]:
    """One definition of the schema with the table of its keys."""
    lines = [f"\n## {name}\n", definition["description"]]
    if "properties" not in definition:
        return lines
    lines += ["", "| key | always | type | range | meaning |", "| --- | --- | --- | --- | --- |"]
    for key, field in definition["properties"].items():
        always = "yes" if key in definition.get("required", ()) else ""
        meaning = field.get("description", "").replace("|", "\\|")
        lines.append(f"| `{key}` | {always} | {_schema_type(field)} | {_range(field)} | {meaning} |")
    return lines


def _schema_type(field: dict[str, Any]) -> str:
    """The type of a field of the schema in words."""
    if "$ref" in field:
        return str(field["$ref"].rpartition("/")[2])
    if "const" in field:
        return f"`{json.dumps(field['const'])}`"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        counts = {field.get("minItems"), field.get("maxItems")}
        count = f"{counts.pop()} of " if len(counts) == 1 and None not in counts else ""
        return f"list of {count}{_schema_type(field['items'])}"
    return str(field.get("type", "any"))


def _range(field: dict[str, Any]) -> str:
    """The range that the schema sets; a bound that only says what an integer can hold is none."""
    low, high = field.get("minimum"), field.get("maximum")
    if low is None and high is None:
        return ""
    return f"from {low:g}" if high in (None, MAX_INTEGER) else f"{low:g} to {high:g}"

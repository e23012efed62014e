"""The JSON Schema of the stream, written from the structs."""

import json
import re
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import Struct

from device.contract.landmarks import SHIPPED_SCHEMES, ibug_68
from device.messages.arkit import ARKIT_TOLD
from device.messages.base import SCHEMA, StreamMessage
from device.messages.fields import annotated_fields, unwrapped
from device.messages.json_decoder import KINDS
from device.messages.signals import SIGNALS

PLACE = "#/$defs/"
"""Where definitions stand in the schema."""

COUNTED = ("landmarks", "landmark_scores", "landmarks_raw")
"""Keys of a face that hold one item a landmark."""


def schema() -> dict[str, Any]:
    """The whole JSON Schema."""
    _, components = msgspec.json.schema_components(KINDS.values(), ref_template=PLACE + "{name}")
    structs = structs_by_name()
    definitions = {
        definition_name(name): _definition(structs.get(name), _simplified(each))
        for name, each in components.items()
    }
    definitions["frame"]["allOf"] = [_count_rule(scheme.name, scheme.count) for scheme in SHIPPED_SCHEMES]
    definitions |= {"signals": _signals(), "arkit": _arkit()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:landmarks:stream:{SCHEMA}",
        "title": f"Landmark stream, schema {SCHEMA}",
        "description": "Each line of the stream is one such object. "
        "Readers ignore keys and message types they do not know.",
        "oneOf": [{"$ref": PLACE + kind} for kind in KINDS],
        "$defs": _in_reading_order(definitions),
    }


def schema_text() -> str:
    """The schema as the file holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _in_reading_order(definitions: dict[str, Any]) -> dict[str, Any]:
    """Messages in the stream's order, then what they are made of."""
    return {name: definitions[name] for name in (*KINDS, *sorted(definitions.keys() - KINDS.keys()))}


def definition_name(struct: str) -> str:
    """FaceMessage to face, TimingMs to timing_ms."""
    return re.sub(r"(?<=.)([A-Z])", r"_\1", struct.removesuffix("Message")).lower()


def _simplified(node: Any) -> Any:
    """A schema of msgspec without its nulls and defaults: what is not known has no key in the stream."""
    if isinstance(node, list):
        return [_simplified(each) for each in node]
    if not isinstance(node, dict):
        return node
    known = {key: each for key, each in node.items() if key not in ("title", "default")}
    if "anyOf" in known:
        (only,) = (each for each in known.pop("anyOf") if each != {"type": "null"})
        known |= only
    if "$ref" in known:
        return {key: each for key, each in known.items() if key == "description"} | {
            "$ref": PLACE + definition_name(known["$ref"].removeprefix(PLACE))
        }
    if "prefixItems" in known:
        known["items"] = known.pop("prefixItems")[0]
    if "properties" in known:
        known["additionalProperties"] = True
        return {
            key: _simplified(each) if key != "properties" else _properties(each)
            for key, each in known.items()
        }
    return {key: _simplified(each) for key, each in known.items()}


def _properties(properties: dict[str, Any]) -> dict[str, Any]:
    """A struct's keys; one of them may be called `default` or `title`."""
    return {name: _simplified(each) for name, each in properties.items()}


def _definition(struct: type[Struct] | None, found: dict[str, Any]) -> dict[str, Any]:
    """A struct's definition with the keys that are always sent, and of a message its `type` and `schema`."""
    if struct is None:
        return found
    found = found | {"properties": _without_moved(struct, found["properties"])}
    head: dict[str, Any] = {}
    if issubclass(struct, StreamMessage):
        kind = struct.__struct_config__.tag
        head["type"] = {"const": kind, "description": "Which message this is."}
        head["schema"] = {"const": SCHEMA, "description": "Version of the stream; new keys do not raise it."}
    return found | {"properties": found["properties"] | head, "required": [*head, *always_sent(struct)]}


def _without_moved(struct: type[Struct], properties: dict[str, Any]) -> dict[str, Any]:
    """A struct's keys but those that stand inside another one."""
    moved = {name for name, hint in annotated_fields(struct) if unwrapped(hint)[1].get("inside")}
    return {name: each for name, each in properties.items() if name not in moved}


def structs_by_name() -> dict[str, type[Struct]]:
    """Every struct that messages are made of, by its class's name."""
    known: dict[str, type[Struct]] = {}
    waiting: list[Any] = list(KINDS.values())
    while waiting:
        kind, _, _ = unwrapped(waiting.pop())
        if isinstance(kind, type) and issubclass(kind, Struct) and kind.__name__ not in known:
            known[kind.__name__] = kind
            waiting += get_type_hints(kind, include_extras=True).values()
        waiting += get_args(kind)
    return known


def always_sent(struct: type[Struct]) -> list[str]:
    """Keys that every reader may count on, in recordings too."""
    fields = {name: unwrapped(hint) for name, hint in get_type_hints(struct, include_extras=True).items()}
    return [
        name
        for name in struct.__struct_fields__
        if not fields[name][2] and not fields[name][1].get("late", False)
    ]


def _count_rule(name: str, count: int) -> dict[str, Any]:
    """A frame of this scheme has so many landmarks in every face; without `scheme` it is of ibug_68."""
    length = {"type": "array", "minItems": count, "maxItems": count}
    face = {"type": "object", "properties": dict.fromkeys(COUNTED, length)}
    named = {"type": "object", "properties": {"scheme": {"const": name}}}
    return {
        "if": named if name == ibug_68.name else named | {"required": ["scheme"]},
        "then": {"type": "object", "properties": {"faces": {"type": "array", "items": face}}},
    }


def _signals() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "Expression, each against the same face at rest; left and right are the subject's; a "
        "signal that is not known has no key.",
        "properties": {
            signal.name: {
                "type": "number",
                "minimum": signal.least,
                "maximum": signal.most,
                "description": f"{signal.meaning[0].upper()}{signal.meaning[1:]}; "
                f"unit: none, {signal.least:g} to {signal.most:g}.",
            }
            for signal in SIGNALS
        }
        | {
            "arkit": {
                "description": "Only when asked for: the same by the names of ARKit's blend shapes.",
                "$ref": PLACE + "arkit",
            }
        },
        "additionalProperties": True,
    }


def _arkit() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "ARKit's blend shapes that 68 points can tell; left and right are the subject's.",
        "properties": {
            name: {
                "type": "number",
                "minimum": 0,
                "maximum": 1,
                "description": f"From {source}; unit: none, 0 to 1.",
            }
            for name, source in ARKIT_TOLD.items()
        },
        "additionalProperties": True,
    }

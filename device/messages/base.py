"""What all messages of the stream have in common."""

from pathlib import Path

from msgspec import Struct

from device.messages.fields import SourceName

SCHEMA = 1
"""Version of the stream. It rises when an old reader could misread a message; new keys do not raise it."""

SCHEMA_FILE = Path(__file__).parent / f"stream-{SCHEMA}.schema.json"
"""The JSON Schema, which `python -m device.messages` writes."""


class StreamMessage(Struct, frozen=True, tag_field="type"):
    """A message of the stream: one line of JSON with `type`, `schema`, `source` and its own keys."""

    source: SourceName

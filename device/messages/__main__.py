"""Write what is generated from the messages: JSON Schema, FIELDS.md and the tables of device/README.md."""

from device.contract.files import write_whole_bytes
from device.messages.json_schema import SCHEMA_FILE, schema_text
from device.messages.pages import FIELDS_PAGE, README, fields_page, readme


def main() -> None:
    """Write all of them anew."""
    write_whole_bytes(SCHEMA_FILE, schema_text().encode())
    write_whole_bytes(FIELDS_PAGE, fields_page().encode())
    write_whole_bytes(README, readme(README.read_text(encoding="utf-8")).encode())


if __name__ == "__main__":
    main()

"""Write what is generated from the messages: schema, FIELDS.md, tables of pages, names for TypeScript."""

from device.contract.files import write_whole_bytes
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


def main() -> None:
    """Write all of them anew."""
    write_whole_bytes(SCHEMA_FILE, schema_text().encode())
    write_whole_bytes(FIELDS_PAGE, fields_page().encode())
    write_whole_bytes(NAMES_FILE, names_text().encode())
    for page in (README, MIGRATION_PAGE):
        write_whole_bytes(page, readme(page.read_text(encoding="utf-8")).encode())


if __name__ == "__main__":
    main()

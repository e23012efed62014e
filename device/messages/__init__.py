"""The stream's JSON Schema, and the table of every field that is written from it."""

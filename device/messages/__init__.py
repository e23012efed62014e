"""The messages of the stream: structs, JSON, the binary form, commands, and what is generated from them."""

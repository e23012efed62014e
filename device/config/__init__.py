"""Settings as a user writes them: a TOML file, flags and the environment, checked against dataclasses."""

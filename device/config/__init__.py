"""Settings and addresses as a user writes them, checked against dataclasses."""

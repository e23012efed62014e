"""Sinks for avatar programs: OpenSeeFace and VMC."""

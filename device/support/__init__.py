"""Helpers that know nothing of faces: child processes, the machine, paths, suggestions."""

"""Checks a user runs by hand: self-test, doctor, benchmarks, and the settings file."""

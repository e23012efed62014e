"""Cameras: read in a thread of their own, reopened when they fail, the newest frame winning."""

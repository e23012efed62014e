"""Losses, each with its formula and its source."""

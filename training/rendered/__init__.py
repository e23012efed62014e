"""Photograph-like pictures of three-dimensional heads, with exact landmarks."""

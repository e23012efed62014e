"""Faces from frame to frame."""

"""Texture of the drawn head: skin, eyes, mouth and hair."""

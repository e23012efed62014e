"""Rotated training faces: each is made a surface in space, rotated further and drawn again."""

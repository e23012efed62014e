"""Who is rendered for what."""

HELD_OUT = ("AIAN_M_2", "Asian_M_3", "Black_F_2", "Hispanic_F_2", "White_M_2", "X_NHPI_F_2")
"""Avatars rendered for evaluation and never trained on: three women and three men, of six of the set's
groups, with long hair, short hair and none."""

"""Finds where the 68 points lie on the heads without any labelled photograph: `python -m training places`."""

"""Formats and conventions shared by device, training and convert.

It imports numpy, msgspec and the standard library only.
"""

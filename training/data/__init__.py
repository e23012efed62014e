"""Data sets, and everything that happens to a picture before a network sees it."""

"""Data sets, and the preparation of their pictures for training."""

"""How steady the points are, and how much they lag: the whole device path on faces that sit still."""

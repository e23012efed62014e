"""Training pictures turned in space: a face as a surface, turned further and drawn again."""

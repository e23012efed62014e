"""Paint on the drawn head: skin, eyes, mouth, hair."""

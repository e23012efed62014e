"""The surface of the drawn head: skull, relief, features, ears and neck."""

"""The drawn head as a surface: skull, relief, features, ears and neck."""

"""How good a model is: accuracy, presence, robustness, certainty."""

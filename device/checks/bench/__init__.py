"""How long each stage takes here, beside MediaPipe."""

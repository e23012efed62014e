"""The sink `annotated:`: the frames themselves, as a film or as pictures, with what was found drawn in."""

"""Training of the face finder: whole pictures with several faces each, labelled by hand or by a teacher."""

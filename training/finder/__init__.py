"""The face finder's training: whole pictures, many faces in each, and a teacher beside the labels."""

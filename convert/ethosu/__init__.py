"""Arm's Ethos-U: Vela, and TensorFlow Lite Micro beside it."""

"""Google's Edge TPU: its rules, its compiler."""

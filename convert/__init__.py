"""From a trained network to the int8 file the device runs: a fixed line of small stations.

pipeline.py lists them in order. Imports run convert -> device, never towards training.
"""

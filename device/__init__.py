"""Face landmarks on the device: frames in, one JSON line a frame out."""

__version__ = "0.1.0"

"""The expression signals: their names and ranges, and the regions that may be covered.

Light on purpose: sinks and encodings need the names without the arithmetic. Left and right are the
subject's. 0 is the face at rest, unless a line says otherwise.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Signal:
    """What one number of `signals` means."""

    name: str
    """Its key in the stream."""
    least: float
    """Lower end of the range: -1 or 0."""
    meaning: str
    """What the ends stand for."""
    most: float = 1.0
    """Upper end of the range."""


SIGNALS = (
    Signal("eye_open_right", 0.0, "0 closed, 1 as open as at rest or wider"),
    Signal("eye_open_left", 0.0, "0 closed, 1 as open as at rest or wider"),
    Signal("brow_inner_right", -1.0, "inner end of the brow: -1 lowered, 1 raised"),
    Signal("brow_inner_left", -1.0, "inner end of the brow: -1 lowered, 1 raised"),
    Signal("brow_outer_right", -1.0, "outer end of the brow: -1 lowered, 1 raised"),
    Signal("brow_outer_left", -1.0, "outer end of the brow: -1 lowered, 1 raised"),
    Signal("brow_frown", 0.0, "1 brows drawn together"),
    Signal("jaw_open", 0.0, "1 chin as low as it goes"),
    Signal("mouth_open", 0.0, "gap between the lips: 0 closed, 1 wide open"),
    Signal("mouth_width", -1.0, "-1 as narrow as it goes, 1 as wide as it goes"),
    Signal("smile_right", -1.0, "corner of the mouth: -1 drawn down, 1 drawn up and out"),
    Signal("smile_left", -1.0, "corner of the mouth: -1 drawn down, 1 drawn up and out"),
    Signal("mouth_sideways", -1.0, "-1 the mouth drawn to the right, 1 to the left"),
    Signal("pucker", 0.0, "1 lips pushed out and rounded"),
    Signal("lip_press", 0.0, "1 lips pressed together until they are thin lines"),
)
"""In the order of the stream."""

SIGNAL_NAMES = tuple(signal.name for signal in SIGNALS)

REGIONS = ("jaw", "brow_right", "brow_left", "nose", "eye_right", "eye_left", "mouth")
"""What `occluded` may name."""

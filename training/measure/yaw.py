"""How far a head is turned, from its landmarks alone."""

import numpy as np

from device.contract.landmarks import LandmarkScheme
from training.data.sets.sample import Sample

NOSE_LENGTH = 0.5
"""How far the nose's tip stands before the line of the outer eye corners, in eye distances of a face seen
from the front; heads differ by about a fifth."""


def yaw_degrees(sample: Sample, scheme: LandmarkScheme) -> float:
    """Yaw of a face, degrees, positive towards the picture's right: the set's own, or judged.

    Turned by a, the eye corners come as near as cos a, and the nose's tip, NOSE_LENGTH before their line,
    moves by NOSE_LENGTH sin a along it: its offset over the eye distance is NOSE_LENGTH tan a. A rough
    figure, enough to count turned faces together.
    """
    if sample.yaw_radians is not None:
        return float(np.degrees(sample.yaw_radians))
    right, left = (np.asarray(sample.landmarks[corner], np.float64) for corner in scheme.outer_eye_corners)
    across = left - right
    squared = float(across @ across)
    if squared == 0:
        return 90.0
    offset = float((sample.landmarks[scheme.nose_tip] - (right + left) / 2) @ across) / squared
    return float(np.degrees(np.arctan2(offset, NOSE_LENGTH)))

"""The pixels that every part of the project passes on."""

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""(H, W, 3) uint8, channels blue, green, red."""

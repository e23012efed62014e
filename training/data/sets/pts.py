"""The .pts format of the 300-W challenge: `version`, `n_points`, braces, one `x y` a line, 1-based."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError


def read_pts(path: Path, count: int = 68) -> NDArray[np.float32]:
    """(count, 2) float32 pixels, 0-based: the file's first pixel centre is (1, 1).

    Raises:
        BadInputError: the file is not in this format or holds another number of points.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    opened, closed = text.find("{"), text.rfind("}")
    if opened < 0 or closed < opened:
        raise BadInputError(f"{path} is not a .pts file: wanted points between braces; remove or replace it")
    try:
        rows = [[float(number) for number in line.split()] for line in text[opened + 1 : closed].split("\n")]
    except ValueError as error:
        raise BadInputError(f"{path}: {error}; wanted `x y` a line; remove or replace it") from error
    points = [row for row in rows if row]
    uneven = next((point for point in points if len(point) != 2), None)
    if uneven is not None:
        raise BadInputError(
            f"{path} has a line of {len(uneven)} numbers, wanted `x y` on each; remove or replace it"
        )
    if len(points) != count:
        raise BadInputError(f"{path} holds {len(points)} points, wanted {count}; remove or replace it")
    landmarks = np.asarray(points, np.float64) - 1
    if not np.isfinite(landmarks).all():
        raise BadInputError(f"{path} holds a point that is not a finite number; remove or replace it")
    return landmarks.astype(np.float32)

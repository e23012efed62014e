"""A sheet of rendered pictures with their labels drawn in."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.files import write_whole
from training.data.sets.picture import read_picture
from training.rendered.landmarks import JAW

COLUMNS, ROWS = 6, 6
SEEN, HIDDEN, SURFACE = (60, 230, 60), (60, 60, 255), (255, 140, 0)
"""BGR: points that are seen, hidden ones, and the jaw fixed on the skin."""
SHIFT = 4
"""Binary digits after the point of a drawn coordinate."""


def draw_page(folder: Path, labels: Path, page: Path) -> None:
    """Draw pictures, evenly picked from all, into one PNG.

    Green are points that are seen, red hidden ones, the jaw along the outline; blue is the jaw fixed on
    the skin.

    Raises:
        BadInputError: a picture cannot be read.
        WriteFailedError: the page cannot be written.
    """
    with np.load(labels) as stored:
        columns = dict(stored)
    count = min(len(columns["pictures"]), COLUMNS * ROWS)
    chosen = np.linspace(0, len(columns["pictures"]) - 1, count).round().astype(int)
    tiles = [_tile(folder, columns, row) for row in chosen]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % COLUMNS)
    rows = [cv2.hconcat(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
    _, data = cv2.imencode(".png", cv2.vconcat(rows))
    write_whole(page, lambda beside: beside.write_bytes(data.tobytes()))


def _tile(folder: Path, columns: dict[str, NDArray[np.generic]], row: int) -> NDArray[np.uint8]:
    image = read_picture(folder / str(columns["pictures"][row]))
    for point in columns["surface"][row][list(JAW)]:
        _dot(image, point, SURFACE)
    for point, seen in zip(columns["contour"][row], columns["contour_visible"][row], strict=True):
        _dot(image, point, SEEN if seen else HIDDEN)
    yaw, pitch, roll = columns["angles"][row].tolist()
    text = f"{columns['avatars'][row]} {yaw:.0f} {pitch:.0f} {roll:.0f}"
    cv2.putText(image, text, (5, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
    return image


def _dot(image: NDArray[np.uint8], point: NDArray[np.floating], colour: tuple[int, int, int]) -> None:
    place = np.round(np.clip(point, -1e4, 1e4) * 2**SHIFT).astype(int).tolist()
    cv2.circle(image, place, round(1.3 * 2**SHIFT), colour, -1, cv2.LINE_AA, SHIFT)

"""A contact sheet: every head from the front, with the 68 points of a table."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.files import write_whole_bytes
from device.contract.geometry import Box, CropTransform
from device.tracking.crop import crop_image
from training.data.drawing import tile
from training.rendered.avatar import Avatar
from training.rendered.draw import Sitter
from training.rendered.landmarks import landmark_points
from training.rendered.places.views import frontal_view
from training.rendered.renderer import Renderer

Array = NDArray[np.float64]

SIDE, TILE, MARGIN = 640, 320, 1.4
"""Pixels of a view and of a tile; side of the tile over the face's."""
COLUMNS = 6
POINT = (60, 230, 60)
"""BGR."""
SHIFT = 4
"""Binary digits after the point of a drawn coordinate."""


def draw_places(heads: Sequence[Path], places: Array, page: Path) -> None:
    """Draw the sheet as PNG.

    Args:
        heads: files of the people.
        places: (68, 2) in the texture.
        page: file to write.

    Raises:
        BadInputError: a file is no VALID avatar.
        WriteFailedError: the page cannot be written.
    """
    renderer = Renderer(SIDE)
    tiles = [_tile(renderer, path, places) for path in heads]
    renderer.close()
    _, data = cv2.imencode(".png", tile(tiles, COLUMNS))
    write_whole_bytes(page, data.tobytes())


def _tile(renderer: Renderer, path: Path, places: Array) -> NDArray[np.uint8]:
    avatar = Avatar(path)
    sitter = Sitter(avatar, renderer)
    view = frontal_view(sitter, np.random.default_rng(0))
    on_skin = landmark_points(avatar.skin, avatar.complexion, places)
    points = view.camera.project(on_skin.on(view.skin.positions))
    sitter.close()
    transform = CropTransform.for_box(Box.around(points), MARGIN, (TILE, TILE))
    shown = np.ascontiguousarray(crop_image(view.image, transform))
    for x, y in np.round(transform.frame_to_crop(points) * 2**SHIFT).astype(int).tolist():
        cv2.circle(shown, (x, y), round(1.5 * 2**SHIFT), POINT, -1, cv2.LINE_AA, SHIFT)
    cv2.putText(shown, path.stem, (5, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
    return shown

"""dlib (King, 2009; Boost licence): its HOG finder and a 68-point shape predictor, where it is installed."""

from pathlib import Path
from typing import Any

import numpy as np

from device.contract.errors import BadInputError, MissingOutsideError
from device.contract.geometry import Box, Image
from device.contract.landmarks import ibug_68
from training.peers.peer import LOOK, Calls, Face, Landmarks, Peer

BELOW_BROWS = 0.1
"""Of the landmarks' box, by how much higher dlib's square is: it takes in some forehead."""


class DlibShape:
    """Finds faces, and fits the shape."""

    lacking: tuple[int, ...] = ()

    def __init__(self, dlib: Any, model: Path) -> None:
        """Load the file.

        Args:
            dlib: the package.
            model: of a shape predictor.

        Raises:
            BadInputError: no shape predictor.
        """
        self._dlib, self._detector = dlib, dlib.get_frontal_face_detector()
        try:
            self._predictor = dlib.shape_predictor(str(model))
        except RuntimeError as error:
            raise BadInputError(f"{model} is no shape predictor of dlib's ({error})") from error

    def _fit(self, rgb: Image, rectangle: Any) -> Landmarks:
        shape = self._predictor(rgb, rectangle)
        points = np.array([(part.x, part.y) for part in shape.parts()], float)
        if len(points) != ibug_68.count:
            raise BadInputError(f"the shape predictor has {len(points)} points, wanted {ibug_68.count}")
        return points

    def look(self, image: Image, box: Box) -> Landmarks:
        """From the square about the box."""
        half, (x, y) = box.longest_side / 2, box.centre_xy
        y -= BELOW_BROWS * box.longest_side
        sides = (round(value) for value in (x - half, y - half, x + half, y + half))
        return self._fit(_rgb(image), self._dlib.rectangle(*sides))

    def follow(self, image: Image, box: Box) -> Landmarks:
        """Again about what it found: dlib has no tracker of landmarks."""
        return self.look(image, Box.around(self.look(image, box)))

    def calls(self, image: Image, box: Box) -> Calls:
        """It has no stages."""
        return {LOOK: lambda: self.look(image, box)}

    def find(self, image: Image) -> Any:
        """Its rectangles, in the picture as it is."""
        return self._detector(_rgb(image), 0)

    def faces(self, image: Image) -> list[Face]:
        """Every face."""
        rgb = _rgb(image)
        return [Face.of(self._fit(rgb, rectangle)) for rectangle in self._detector(rgb, 0)]


def _rgb(image: Image) -> Image:
    return np.ascontiguousarray(image[..., ::-1])


def dlib_peer(model: Path) -> Peer:
    """HOG finder and that shape predictor.

    Raises:
        MissingOutsideError: no such file, or dlib is not installed.
        BadInputError: no shape predictor.
    """
    try:
        import dlib  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ModuleNotFoundError as error:
        wanted = "`.venv/bin/pip install dlib-bin` brings it built; `dlib` is built here, in some minutes"
        raise MissingOutsideError(f"dlib is not installed; {wanted}") from error
    if not model.is_file():
        raise MissingOutsideError(f"no file {model}; give shape_predictor_68_face_landmarks.dat")
    shape = DlibShape(dlib, model)
    return Peer("dlib", dlib.__version__, ("dlib", str(model)), shape, shape)

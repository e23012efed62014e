"""A landmark scheme of one's own, as a TOML file beside the model: NAME.toml for the scheme NAME.

name = "mine_4"
landmark_names = ["right_eye", "left_eye", "nose_tip", "chin"]
swap_pairs = [["right_eye", "left_eye"]]
outer_eye_corners = ["right_eye", "left_eye"]
nose_tip = "nose_tip"
mouth_corners = ["chin", "chin"]

[groups]
eyes = ["right_eye", "left_eye"]
"""

import tomllib
from pathlib import Path
from typing import Any

from device.contract.errors import BadInputError
from device.contract.landmarks import SCHEMES, LandmarkScheme

MAX_BYTES = 1 << 20
"""Largest file that is read; a scheme of 1000 points takes 40 kB."""


def read_scheme(path: Path) -> LandmarkScheme:
    """The scheme of a TOML file.

    Raises:
        BadInputError: no such file, not TOML, a missing key, a name that is used twice or not known.
    """
    try:
        with path.open("rb") as file:
            values = tomllib.loads(file.read(MAX_BYTES).decode())
        return _scheme(values)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInputError(
            f"{path} is no landmark scheme ({type(error).__name__}: {error}); wanted the keys of "
            f"device/contract/scheme_file.py"
        ) from error


def _scheme(values: dict[str, Any]) -> LandmarkScheme:
    names = tuple(str(name) for name in values["landmark_names"])
    if len(set(names)) != len(names) or not names:
        raise ValueError("landmark_names must be there, each once")
    places = {name: number for number, name in enumerate(names)}
    corners = tuple(places[name] for name in values["outer_eye_corners"])
    rings = values.get("eye_rings", [[name] for name in values["outer_eye_corners"]])
    right, left = (tuple(places[name] for name in ring) for ring in rings)
    mouth = tuple(places[name] for name in values["mouth_corners"])
    if len(corners) != 2 or len(mouth) != 2 or corners[0] == corners[1]:
        raise ValueError("outer_eye_corners wants two different points, mouth_corners two")
    return LandmarkScheme(
        name=str(values["name"]),
        landmark_names=names,
        groups={key: tuple(places[name] for name in group) for key, group in values["groups"].items()},
        swap_pairs=tuple((places[first], places[second]) for first, second in values["swap_pairs"]),
        outer_eye_corners=(corners[0], corners[1]),
        eye_rings=(right, left),
        nose_tip=places[values["nose_tip"]],
        mouth_corners=(mouth[0], mouth[1]),
    )


def know_scheme(name: str, folder: Path) -> None:
    """Make a scheme known that stands in a folder as NAME.toml; a known or missing one changes nothing.

    Raises:
        BadInputError: a file that is no scheme, or of another name.
    """
    path = folder / f"{name}.toml"
    if name in SCHEMES or Path(name).name != name or not path.is_file():
        return
    scheme = read_scheme(path)
    if scheme.name != name:
        raise BadInputError(f"{path} defines scheme {scheme.name!r}, wanted {name!r}: rename one of them")
    SCHEMES[name] = scheme

"""Random appearance of a person: skin, hair, eyes, beard, make-up, glasses and clothes."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

Colour = NDArray[np.float64]
"""(3,) BGR, 0 to 255."""


class Hair(Enum):
    """Hair style."""

    BALD = "bald"
    WREATH = "wreath"
    SHORT = "short"
    FRINGE = "fringe"
    LONG = "long"
    CAP = "cap"


class Beard(Enum):
    """Beard style."""

    NONE = "none"
    STUBBLE = "stubble"
    MOUSTACHE = "moustache"
    GOATEE = "goatee"
    FULL = "full"


class Glasses(Enum):
    """Kind of glasses."""

    NONE = "none"
    CLEAR = "clear"
    DARK = "dark"


# Skin from pale to dark, sRGB; a person lies between two neighbours.
_SKIN_RGB = np.array(
    [[250, 220, 200], [238, 196, 166], [222, 174, 138], [196, 142, 104], [158, 106, 74], [112, 72, 50],
     [74, 48, 36]], float
)  # fmt: skip
_HAIR_RGB = np.array(
    [[22, 18, 18], [44, 30, 22], [78, 52, 32], [120, 80, 46], [176, 136, 80], [216, 184, 128], [130, 54, 26],
     [150, 148, 146], [222, 220, 216]], float
)  # fmt: skip
_HAIR_PROBABILITIES = np.array([0.24, 0.2, 0.15, 0.1, 0.08, 0.06, 0.04, 0.08, 0.05])
_IRIS_RGB = np.array(
    [[60, 36, 20], [90, 56, 28], [110, 90, 50], [88, 110, 84], [92, 122, 148], [120, 130, 138]], float
)


@dataclass(frozen=True, eq=False)
class Looks:
    """Appearance of a person; colours are BGR."""

    skin: Colour
    hair: Colour
    hair_style: Hair
    hairline: float
    """t of the forehead's upper end, centimetres; for a fringe, of its lower end."""
    hair_swell: float
    """Thickness of the hair, centimetres."""
    parting: float
    """Slope of the hairline from one side to the other, centimetres per radian."""
    iris: Colour
    brow: Colour
    brow_width: float
    """Half height of the brow's thickest part, centimetres."""
    lips: Colour
    lip_cover: float
    """Opacity of the lip colour, 0 to 1."""
    lash_width: float
    """Width of the dark edge of the upper lid, centimetres."""
    eye_shadow: Colour
    """Gain added over the upper lids; zero without make-up."""
    blush: float
    """Redness of the cheeks."""
    wrinkles: float
    """Darkness of folds, 0 to 1."""
    beard: Beard
    glasses: Glasses
    rim: Colour
    clothes: Colour

    @property
    def ears_covered(self) -> bool:
        """Whether hair hides the ears."""
        return self.hair_style is Hair.LONG


def _choice(rng: np.random.Generator, table: dict[Enum, float]) -> Enum:
    return list(table)[int(rng.choice(len(table), p=list(table.values())))]


def _near(rng: np.random.Generator, rgb: NDArray[np.floating], spread: float) -> Colour:
    """A random BGR colour near an RGB colour."""
    return np.clip(rgb[::-1] * (1 + rng.normal(0, 0.05)) + rng.normal(0, spread, 3), 4, 252)


def _skin(rng: np.random.Generator) -> Colour:
    position = rng.uniform(0, len(_SKIN_RGB) - 1)
    rgb = np.array([np.interp(position, np.arange(len(_SKIN_RGB)), channel) for channel in _SKIN_RGB.T])
    return _near(rng, rgb, 4)


def _hairline(rng: np.random.Generator, style: Hair) -> float:
    if style is Hair.FRINGE:
        return rng.uniform(-4.8, -2.9)
    if style is Hair.CAP:
        return rng.uniform(-6.0, -3.8)
    return rng.uniform(-8.6, -6.2)


_HAIR_STYLES: dict[Enum, float] = {
    Hair.BALD: 0.08, Hair.WREATH: 0.06, Hair.SHORT: 0.38, Hair.FRINGE: 0.16, Hair.LONG: 0.24, Hair.CAP: 0.08
}  # fmt: skip
_BEARDS: dict[Enum, float] = {
    Beard.NONE: 0.66, Beard.STUBBLE: 0.14, Beard.MOUSTACHE: 0.05, Beard.GOATEE: 0.05, Beard.FULL: 0.10
}  # fmt: skip
_GLASSES: dict[Enum, float] = {Glasses.NONE: 0.8, Glasses.CLEAR: 0.15, Glasses.DARK: 0.05}


def sample_looks(rng: np.random.Generator) -> Looks:
    """A random appearance. Its parts are independent, so odd combinations occur."""
    skin = _skin(rng)
    hair = _near(rng, _HAIR_RGB[int(rng.choice(len(_HAIR_RGB), p=_HAIR_PROBABILITIES))], 5)
    style = Hair(_choice(rng, _HAIR_STYLES))
    make_up = rng.random() < 0.3
    lips = skin * [0.72, 0.68, 0.9] if not make_up else _near(rng, np.array([170, 40, 60]), 25)
    beard = Beard.NONE if make_up else Beard(_choice(rng, _BEARDS))
    dark_brow = np.minimum(hair * 0.8, skin * 0.55)
    return Looks(
        skin=skin,
        hair=rng.uniform(10, 240, 3) if style is Hair.CAP else hair,
        hair_style=style,
        hairline=_hairline(rng, style),
        hair_swell=rng.uniform(0.3, 1.8),
        parting=rng.normal(0, 0.5),
        iris=_near(rng, _IRIS_RGB[int(rng.integers(len(_IRIS_RGB)))], 6),
        brow=dark_brow,
        brow_width=rng.uniform(0.18, 0.42),
        lips=lips,
        lip_cover=rng.uniform(0.5, 0.9),
        lash_width=rng.uniform(0.12, 0.3) if make_up else rng.uniform(0.07, 0.16),
        eye_shadow=rng.normal(-0.18, 0.12, 3) if make_up else np.zeros(3),
        blush=rng.uniform(0, 0.12),
        wrinkles=rng.uniform(0, 1) ** 2,
        beard=beard,
        glasses=Glasses(_choice(rng, _GLASSES)),
        rim=_near(rng, rng.choice([15, 60, 150]) * np.ones(3), 15),
        clothes=rng.uniform(8, 240) + rng.normal(0, 30, 3),
    )

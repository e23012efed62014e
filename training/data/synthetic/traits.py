"""Parameters of a head: its shape, its expression and its pose.

Lengths are centimetres on the head of an adult. The defaults give an average, symmetric, neutral face that
looks straight into the camera.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Identity:
    """Shape of a head; centimetres from the point midway between the eyes."""

    half_width: float = 7.4
    """Half width of the skull at the temples."""
    front_depth: float = 9.2
    """From the axis of the ears forward to the forehead."""
    back_depth: float = 9.6
    """From the axis of the ears backward."""
    crown: float = 11.6
    """Top of the skull above the eyes."""
    chin: float = 11.3
    """Below the eyes, mouth closed."""
    jaw_half_width: float = 5.6
    """Half the distance between the corners of the jaw."""
    jaw_lift: float = 4.4
    """How far the corners of the jaw lie above the chin."""
    chin_boxiness: float = 1.6
    """Exponent of the superellipse of the jaw: small is pointed, large is square."""
    chin_push: float = 0.5
    """How far the chin protrudes."""
    eye_x: float = 3.15
    """Distance of an eye's centre from the midline."""
    eye_width: float = 2.95
    """From corner to corner."""
    eye_height: float = 1.1
    """From lid to lid of an open eye."""
    eye_slant: float = 0.1
    """Height of the outer corner above the inner corner."""
    brow_height: float = 2.2
    """Height of the brow above the eyes."""
    brow_arch: float = 0.5
    """Height of the brow's arch."""
    nose_tip: float = 4.2
    """Below the eyes."""
    nose_half_width: float = 1.75
    """At the wings."""
    nose_push: float = 2.4
    """How far the tip protrudes."""
    mouth_drop: float = 0.31
    """Position of the mouth line between the base of the nose (0) and the chin (1)."""
    mouth_half_width: float = 2.6
    """At rest."""
    upper_lip: float = 0.75
    """Thickness."""
    lower_lip: float = 0.95
    """Thickness."""
    cheek: float = 0.35
    """How far the cheekbones protrude."""

    @property
    def nose_base(self) -> float:
        """Where the nose meets the upper lip, below the eyes."""
        return self.nose_tip + 0.85

    @property
    def mouth(self) -> float:
        """Line of the closed mouth, below the eyes."""
        return self.nose_base + self.mouth_drop * (self.chin - self.nose_base)


@dataclass(frozen=True)
class Expression:
    """Facial expression; pairs are the subject's (right, left)."""

    mouth_gap: float = 0.0
    """Distance between the lips, centimetres, 0 to about 3.5."""
    smile: tuple[float, float] = (0.0, 0.0)
    """-0.6 (mouth corners down) to 1 (broad smile)."""
    eye_closing: tuple[float, float] = (0.0, 0.0)
    """0 open, 1 closed; a little below 0 is wide open."""
    brow_raise: tuple[float, float] = (0.0, 0.0)
    """-0.6 (frown) to 1 (raised)."""
    gaze: tuple[float, float] = (0.0, 0.0)
    """Position of the irises between the lids: to the picture's right, down; -1 to 1."""

    @property
    def chin_drop(self) -> float:
        """How far an open mouth lowers the chin, centimetres."""
        return 0.6 * self.mouth_gap


@dataclass(frozen=True)
class Pose:
    """Orientation of the head, radians."""

    yaw: float = 0.0
    """Positive turns the nose to the picture's right, the subject's left."""
    pitch: float = 0.0
    """Positive turns the nose down."""
    roll: float = 0.0
    """Positive is clockwise in the picture."""


IDENTITY_SPREAD: dict[str, float] = {
    "half_width": 0.4, "front_depth": 0.4, "back_depth": 0.5, "crown": 0.6, "chin": 0.65,
    "jaw_half_width": 0.4, "jaw_lift": 0.5, "chin_boxiness": 0.12, "chin_push": 0.25,
    "eye_x": 0.17, "eye_width": 0.2, "eye_height": 0.16, "eye_slant": 0.13,
    "brow_height": 0.28, "brow_arch": 0.16, "nose_tip": 0.4, "nose_half_width": 0.22,
    "nose_push": 0.35, "mouth_drop": 0.025, "mouth_half_width": 0.25, "upper_lip": 0.17,
    "lower_lip": 0.2, "cheek": 0.15,
}  # fmt: skip
"""Standard deviation of each field of Identity."""


def clipped_normal(rng: np.random.Generator, spread: float, limit: float = 2.3) -> float:
    """A normal value of mean 0 and standard deviation `spread`, clipped at `limit` standard deviations."""
    return spread * float(np.clip(rng.normal(), -limit, limit))


def sample_identity(rng: np.random.Generator) -> Identity:
    """A random head shape."""
    average = Identity()
    return Identity(
        **{
            name: getattr(average, name) + clipped_normal(rng, spread)
            for name, spread in IDENTITY_SPREAD.items()
        }
    )


def _pair(rng: np.random.Generator, value: float, spread: float) -> tuple[float, float]:
    """Nearly equal values for right and left."""
    return value + clipped_normal(rng, spread), value + clipped_normal(rng, spread)


def sample_expression(rng: np.random.Generator) -> Expression:
    """A random expression: half of the mouths closed, one in six wide open; smiles, blinks and frowns."""
    gap = 0.0
    if rng.random() < 0.5:
        gap = rng.uniform(0.1, 1.2) if rng.random() < 0.67 else rng.uniform(1.2, 3.5)
    closing = rng.uniform(0.5, 1.0) if rng.random() < 0.12 else rng.uniform(-0.15, 0.35)
    right_closing, left_closing = _pair(rng, closing, 0.04)
    if rng.random() < 0.03:
        right_closing = 1.0
    elif rng.random() < 0.03:
        left_closing = 1.0
    gaze = np.clip(rng.normal(0, 0.35, 2), -0.8, 0.8)
    return Expression(
        mouth_gap=gap,
        smile=_pair(rng, float(np.clip(rng.normal(0.3, 0.4), -0.6, 1.0)), 0.08),
        eye_closing=(min(right_closing, 1.0), min(left_closing, 1.0)),
        brow_raise=_pair(rng, float(np.clip(rng.normal(0.1, 0.3), -0.6, 1.0)), 0.08),
        gaze=(float(gaze[0]), float(gaze[1])),
    )


def sample_pose(rng: np.random.Generator) -> Pose:
    """A random pose, mostly towards the camera; yaw up to 50, pitch to 25 and roll to 30 degrees."""
    limits = np.radians([50.0, 25.0, 30.0])
    spread = np.radians([22.0, 9.0, 10.0])
    yaw, pitch, roll = np.clip(rng.normal(0, spread), -limits, limits)
    return Pose(float(yaw), float(pitch), float(roll))

"""What covers a face: glasses, a mask, a hand, a thing held before it."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from training.rendered.avatar import Avatar, Matrix, PosedMesh
from training.rendered.renderer import Surface
from training.rendered.shapes import box, grid_triangles, joined, moved, surface_of, tube

Array = NDArray[np.float64]

RIGHT_EYE, LEFT_EYE = slice(36, 42), slice(42, 48)
MASK_ROWS, MASK_COLUMNS = 20, 41
MASK_REACH_DEGREES = 78.0
"""How far a mask goes round the face to either side."""


def random_colour(rng: np.random.Generator, vivid: float = 0.25) -> tuple[float, float, float]:
    """RGB, linear light: any brightness, more or less vivid."""
    grey = rng.uniform(0.0, 0.9) ** 2
    red, green, blue = np.clip(grey * (1 + vivid * rng.normal(0, 1.5, 3)) + 0.01, 0.005, 0.95)
    return float(red), float(green), float(blue)


def glasses(points: Array, place: Matrix, rng: np.random.Generator) -> list[Surface]:
    """Spectacles or sunglasses on a nose.

    Args:
        points: (68, 3) landmarks of the resting head, world axes.
        place: (4, 4) from the resting head to where it is.
        rng: draws form and colour.
    """
    right = _rim(points, rng)
    left = right * [-1, 1, 1] + [2 * points[27, 0], 0, 0]
    nearest = [rim[np.abs(rim[:, 0] - points[27, 0]).argmin()] for rim in (right, left)]
    middle = (nearest[0] + nearest[1]) / 2 + [0, rng.uniform(0, 0.004), 0.002]
    radius = rng.uniform(0.0007, 0.0026)
    lines = [right, left, _smooth_arc(nearest[0], middle, nearest[1])]
    lines += [_temple(rim, points[ear], points) for rim, ear in ((right, 0), (left, 16))]
    frame = joined([tube(moved(line, place), radius) for line in lines])
    dark = rng.random() < 0.3
    tint = random_colour(rng)
    surfaces = [surface_of(*frame, tint=tint, gloss=rng.uniform(0.2, 1), sharpness=rng.uniform(10, 80))]
    lens = (0.02, 0.02, 0.025) if dark else (0.9, 0.95, 1.0)
    opacity = rng.uniform(0.7, 0.97) if dark else rng.uniform(0.02, 0.12)
    for rim in (right, left):
        centre = rim.mean(axis=0, keepdims=True)
        fan = np.stack([np.zeros(len(rim) - 1), np.arange(1, len(rim)), np.arange(2, len(rim) + 1)], axis=1)
        surfaces.append(
            surface_of(
                moved(np.vstack([centre, rim]), place),
                fan.astype(np.int32),
                tint=lens,
                gloss=rng.uniform(0.3, 1.0),
                sharpness=rng.uniform(60, 200),
                opacity=opacity,
            )
        )
    return surfaces


def _rim(points: Array, rng: np.random.Generator) -> Array:
    """(N, 3) the right rim, closed, from round to nearly square."""
    eye = points[RIGHT_EYE].mean(axis=0)
    angle = np.linspace(0, 2 * np.pi, 41)
    power = rng.uniform(0.5, 1.0)
    across = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power
    up = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power
    apart = points[27, 0] - eye[0]
    half_width = min(rng.uniform(0.022, 0.029), apart - 0.007)
    half_height = rng.uniform(0.014, 0.025)
    x = eye[0] - 0.002 + half_width * across
    y = eye[1] - rng.uniform(0.0, 0.006) + half_height * up
    before = max(points[27, 2], points[17:22, 2].max()) + rng.uniform(0.004, 0.01)
    z = before - 2.2 * (x - points[27, 0]) ** 2
    return np.stack([x, y, z], axis=1)


def _temple(rim: Array, ear: Array, points: Array) -> Array:
    """(N, 3) the arm from a rim to behind the ear."""
    outer = rim[np.abs(rim[:, 0] - points[27, 0]).argmax()]
    outside = np.sign(ear[0] - points[27, 0])
    hinge = np.array([ear[0] + 0.004 * outside, outer[1] + 0.006, outer[2] - 0.012])
    end = np.array([ear[0] + 0.006 * outside, outer[1] + 0.004, ear[2] - 0.02])
    return np.vstack([np.linspace(outer, hinge, 6), np.linspace(hinge, end, 12)[1:]])


def _smooth_arc(first: Array, middle: Array, last: Array) -> Array:
    share = np.linspace(0, 1, 9)[:, None]
    return np.asarray((1 - share) ** 2 * first + 2 * share * (1 - share) * middle + share**2 * last)


def mask(skin: PosedMesh, points: Array, place: Matrix, rng: np.random.Generator) -> list[Surface]:
    """A surgical or cloth mask over nose, mouth and chin, as a sheet about the head's upright axis.

    Args:
        skin: posed.
        points: (68, 3) landmarks of the resting head, world axes.
        place: (4, 4) from the resting head to where it is.
        rng: draws cut and colour.
    """
    back = np.asarray(np.linalg.inv(place), np.float64)
    top = points[28, 1] + rng.uniform(-0.012, 0.004)
    sheet = _mask_sheet(moved(skin.positions.astype(np.float64), back), points, top)
    tint = (0.45, 0.65, 0.8) if rng.random() < 0.4 else random_colour(rng, 0.35)
    triangles = grid_triangles(MASK_ROWS, MASK_COLUMNS)
    cloth = surface_of(moved(sheet.reshape(-1, 3), place), triangles, tint=tint, gloss=0.1, sharpness=5.0)
    straps = joined([tube(moved(strap, place), 0.0012) for strap in _mask_straps(sheet, points)])
    return [cloth, surface_of(*straps, tint=(0.8, 0.8, 0.8))]


def _mask_sheet(resting: Array, points: Array, top: float) -> Array:
    """(rows, columns, 3) a mask on the resting head.

    Args:
        resting: (V, 3) the skin, with its expression.
        points: (68, 3) landmarks.
        top: height of the upper edge on the nose.
    """
    axis = np.array([points[27, 0], (points[0, 2] + points[16, 2]) / 2 - 0.01])
    angles = np.radians(np.linspace(-MASK_REACH_DEGREES, MASK_REACH_DEGREES, MASK_COLUMNS))
    bottom, side_top, side_bottom = points[8, 1] - 0.012, points[2, 1] + 0.02, points[4, 1]
    blend = np.abs(angles / angles[-1]) ** 1.3
    upper = top + (side_top - top) * blend
    lower = bottom + (side_bottom - bottom) * blend
    y = upper + (lower - upper) * np.linspace(0, 1, MASK_ROWS)[:, None]
    radius = _taut_radius(resting, axis, y, angles)
    x, z = axis[0] + radius * np.sin(angles), axis[1] + radius * np.cos(angles)
    return np.stack([x, y, z], axis=-1)


def _mask_straps(sheet: Array, points: Array) -> list[Array]:
    """Lines from the corners of a mask to behind the ears, (8, 3) each."""
    straps = []
    for column, ear in ((0, 0), (-1, 16)):
        for row, lift in ((0, 0.01), (-1, -0.03)):
            behind = points[ear] + np.array([0, lift, -0.025])
            straps.append(np.linspace(sheet[row, column], behind, 8))
    return straps


def _taut_radius(resting: Array, axis: Array, y: Array, angles: Array) -> Array:
    """(rows, columns) distance of a taut sheet from an upright axis (x, z) that holds the skin inside."""
    offset = resting[:, [0, 2]] - axis
    around, distance = np.arctan2(offset[:, 0], offset[:, 1]), np.hypot(*offset.T)
    low, high, step = y.min(), y.max(), angles[1] - angles[0]
    rows = np.round((resting[:, 1] - high) / (low - high) * (MASK_ROWS - 1)).astype(int)
    columns = np.round((around - angles[0]) / step).astype(int)
    near = (rows >= 0) & (rows < MASK_ROWS) & (columns >= 0) & (columns < MASK_COLUMNS)
    # The neck and shoulders below the chin are no part of the face; the sheet hangs over them.
    near &= distance < 0.14
    grid = np.zeros((MASK_ROWS, MASK_COLUMNS), np.float32)
    np.maximum.at(grid, (rows[near], columns[near]), distance[near].astype(np.float32))
    held = cv2.dilate(grid, np.ones((7, 5), np.uint8))
    taut = cv2.GaussianBlur(held, (0, 0), 1.6, borderType=cv2.BORDER_REPLICATE)
    taut = np.maximum(taut, cv2.dilate(grid, np.ones((3, 3), np.uint8)) + 0.003)
    level = (y - high) / (low - high) * (MASK_ROWS - 1)
    columns_at = np.broadcast_to(np.arange(MASK_COLUMNS), y.shape)
    return np.asarray(
        cv2.remap(taut, columns_at.astype(np.float32), level.astype(np.float32), cv2.INTER_LINEAR), np.float64
    )


def hand(avatar: Avatar, towards: Array, target: Array, look: Surface, rng: np.random.Generator) -> Surface:
    """The person's own hand and forearm before a place of the face.

    Args:
        avatar: whose hand.
        towards: (3,) unit vector from the face to the side that the hand comes from, world axes.
        target: (3,) the place.
        look: the skin's surface, for texture and gloss.
        rng: draws the fingers and the direction of the arm.
    """
    posed = avatar.hand(rng.uniform(0, 45, 3))
    aside = np.cross(towards, rng.normal(0, 1, 3))
    aside /= np.linalg.norm(aside)
    # The resting hand's palm looks down and its fingers along x.
    axes = np.stack([aside, towards, np.cross(aside, towards)], axis=1)
    shift = rng.uniform(-0.03, 0.03, 2) @ axes[:, [0, 2]].T
    positions = posed.positions @ axes.T + target + shift + towards * rng.uniform(0.015, 0.04)
    return replace(
        look, positions=positions.astype(np.float32), normals=(posed.normals @ axes.T).astype(np.float32),
        uv=posed.mesh.uv, triangles=posed.mesh.triangles,
    )  # fmt: skip


def thing(towards: Array, target: Array, rng: np.random.Generator) -> Surface:
    """A telephone, a cup or a microphone before a place of the face; arguments as of `hand`."""
    aside = np.cross(towards, rng.normal(0, 1, 3))
    aside /= np.linalg.norm(aside)
    axes = np.stack([aside, np.cross(towards, aside), towards], axis=1)
    centre = target + towards * rng.uniform(0.04, 0.1) + rng.uniform(-0.03, 0.03, 3)
    if rng.random() < 0.5:
        points, triangles = box(np.array([0.075, 0.15, 0.009]) * rng.uniform(0.7, 1.1))
    else:
        length = rng.uniform(0.08, 0.16)
        line = np.stack([np.zeros(6), np.linspace(-length / 2, length / 2, 6), np.zeros(6)], axis=1)
        points, triangles = tube(line, rng.uniform(0.015, 0.04))
    return surface_of(points @ axes.T + centre, triangles, tint=random_colour(rng), gloss=rng.uniform(0, 1))

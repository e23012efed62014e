"""Turned faces from training pictures: each face is made a surface, rotated further and drawn again.

Every set labelled by hand has few faces at large yaw. A face is only turned further in the direction in which
it is turned already, so that hardly any skin appears that the picture does not show. The far side of the head
vanishes behind the near one, and the jaw labels move to where annotators would put them: on the far side, to
the visible outline.

Letters: K landmarks, P side of the picture.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.contract.geometry import Box, CropTransform, apply_affine
from device.contract.landmarks import ibug_68
from training.data.turned.head_surface import CHIN, JAW, HeadSurface
from training.data.turned.jaw_slide import JawSlide, head_axes
from training.data.turned.mesh_warp import draw_mesh, source_map

Array = NDArray[np.float64]

WIDER = 1.25
"""Side of the source picture over that of the drawn one, so that the source's border is not seen."""

STRAIGHT_DEGREES = 8.0
"""Yaw or pitch up to which a face may be turned in either direction."""

MIN_EXTRA_YAW = 10.0
"""Degrees; a face turned by less hardly differs."""

MAX_YAW = 55.0
"""Degrees after the turn. Beyond it the far eye is hidden, so that its label is unknown."""

MAX_EXTRA_PITCH = 15.0
"""Degrees."""

OUTLINE_STEPS = 48
"""Heights at which the far outline is evaluated."""

MIN_EYE_DISTANCE = 0.35
"""Visible eye distance over that of the frontal view. Below it the far eye meets the outline."""

MAX_FOLDED = 0.55
"""Fraction of the head's surface, by area in the source picture, that may turn away from the camera."""


@dataclass(frozen=True)
class TurnSettings:
    """Limits of the turn, and the picture that is drawn."""

    largest_yaw: float = 45.0
    """Degrees added at most."""
    context: float = 2.6
    """Side of the drawn picture, in face sizes."""
    side: int = 288
    """Side of the drawn picture, pixels."""


@dataclass(frozen=True, eq=False)
class TurnedFace:
    """A picture of a head turned further."""

    image: NDArray[np.uint8]
    """(P, P, 3) BGR."""
    landmarks: NDArray[np.float32]
    """(K, 2) pixels."""


def _turned_axes(yaw: float, pitch: float) -> Array:
    """(3, 3) rotation about the head's own axes that adds yaw and pitch, degrees, to `view_angles`."""
    (sy, sp), (cy, cp) = (function(np.radians([-yaw, pitch])) for function in (np.sin, np.cos))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    return np.asarray(about_x @ about_y, np.float64)


def view_angles(rotation: Array) -> tuple[float, float]:
    """Yaw and pitch, degrees, of the viewing direction in head axes; independent of roll."""
    x, y, z = rotation[2]
    return float(np.degrees(np.arctan2(x, z))), float(np.degrees(np.arctan2(y, z)))


def _in_direction_of(angle: float, extra: float, rng: np.random.Generator) -> float:
    """`extra` with the sign of an angle, or a random sign where the angle is small."""
    sign = rng.choice([-1.0, 1.0])
    return extra * (sign if abs(angle) < STRAIGHT_DEGREES else float(np.sign(angle)))


def draw_turn(rotation: Array, max_extra_yaw: float, rng: np.random.Generator) -> tuple[float, float] | None:
    """Random extra yaw and pitch, degrees, for a head; None where its yaw is too large already."""
    yaw, pitch = view_angles(rotation)
    limit = min(max_extra_yaw, MAX_YAW - abs(yaw))
    if limit < MIN_EXTRA_YAW:
        return None
    extra_yaw = _in_direction_of(yaw, rng.uniform(MIN_EXTRA_YAW, limit), rng)
    return extra_yaw, _in_direction_of(pitch, rng.uniform(0, MAX_EXTRA_PITCH), rng)


def _moved(head: HeadSurface, yaw: float, pitch: float) -> tuple[Array, Array]:
    """(N, 3) points of the surface after the turn, and the head's rotation (3, 3) after it."""
    rotation = head.rotation @ _turned_axes(yaw, pitch)
    turned = (head.points - head.pivot) @ (rotation @ head.rotation.T).T + head.pivot
    return head.points + head.follow[:, None] * (turned - head.points), rotation


def outline_at(heights: Array, across: Array, down: Array, edges: NDArray[np.int64]) -> Array:
    """(H,) largest coordinate `across` of a mesh at each height; NaN where no edge crosses it.

    Args:
        heights: (H,).
        across: (N,) horizontal coordinates of the points.
        down: (N,) vertical coordinates of the points.
        edges: (E, 2) indices of points.
    """
    first, last = down[edges].T
    with np.errstate(divide="ignore", invalid="ignore"):
        fraction = (heights[:, None] - first) / (last - first)
    reach = across[edges[:, 0]] + fraction * (across[edges[:, 1]] - across[edges[:, 0]])
    reach = np.where((fraction >= 0) & (fraction <= 1), reach, -np.inf).max(axis=1)
    return np.where(np.isinf(reach), np.nan, reach)


def _arc_fractions(line: Array) -> Array:
    """(N,) arc length from the start of a line (N, 2) to each point, as a fraction of the whole."""
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    return np.asarray(length / length[-1], np.float64)


def _spaced_like(points: Array, line: Array) -> Array:
    """(M, 2) points on a line (N, 2), spaced along it like `points` (M, 2) along their own line."""
    return np.column_stack([np.interp(_arc_fractions(points), _arc_fractions(line), axis) for axis in line.T])


def _far_line(head: HeadSurface, moved: Array, rotation: Array, far: NDArray[np.int64], drop: float) -> Array:
    """(H, 2) outline of the turned head on its far side, from the chin to the last jaw label.

    Args:
        head: the surface before the turn.
        moved: (N, 3) its points after the turn.
        rotation: (3, 3) of the head after the turn.
        far: indices of the jaw labels of that side, from the chin.
        drop: downward motion of the last label from its point of the skin, pixels.
    """
    sideways, down = head_axes(rotation)
    outwards = sideways if rotation[2, 0] > 0 else -sideways
    across, low = moved[:, :2] @ outwards, moved[:, :2] @ down
    # A nose that sticks out past the cheek is no part of the outline that the jaw labels follow.
    faces = head.head_triangles[~np.isin(head.head_triangles, ibug_68.groups["nose"]).any(axis=1)]
    sides = faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    heights = np.linspace(low[CHIN], low[far[-1]] + drop, OUTLINE_STEPS)[1:]
    reach = outline_at(heights, across, low, sides)
    outline = reach[:, None] * outwards + heights[:, None] * down
    return np.concatenate([moved[CHIN, :2][None], outline[np.isfinite(reach)]])


def turned_landmarks(head: HeadSurface, moved: Array, rotation: Array, slide: JawSlide) -> Array:
    """(K, 2) labels of the turned head. Far jaw labels lie on the new outline, spaced like those before."""
    landmarks = moved[: ibug_68.count, :2].copy()
    far_left = rotation[2, 0] > 0
    left, right = JAW[CHIN:], JAW[CHIN::-1]
    far, near = (left, right) if far_left else (right, left)
    before, after = head.rotation[2, 0], rotation[2, 0]
    # Only the growth of the yaw counts; where its sign changes, labels slide from the frontal view on.
    growth = (abs(after) - (abs(before) if before * after > 0 else 0)) * head.eye_distance
    down = head_axes(rotation)[1]
    # Labels stay on the jaw line, so only the component of the downward motion along it is applied.
    along = np.gradient(landmarks[near], axis=0)[1:]
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    landmarks[near[1:]] += growth * (slide.near_drop * (along @ down))[:, None] * along
    line = _far_line(head, moved, rotation, far, growth * slide.far_drop)
    landmarks[far] = _spaced_like(head.points[far, :2], line)
    return landmarks


def _areas(corners: Array) -> Array:
    """(T,) twice the signed areas of triangles (T, 3, 3) in the picture; seen from behind the sign flips."""
    across, down = np.moveaxis(corners[:, 1:, :2] - corners[:, :1, :2], 2, 0)
    return np.asarray(across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0], np.float64)


def is_plausible(head: HeadSurface, moved: Array, landmarks: Array) -> bool:
    """Whether a turned face could be labelled: eyes and mouth in order, and not too much folded away."""
    right, left = ibug_68.outer_eye_corners
    inner_right, inner_left = ibug_68.eye_rings[0][3], ibug_68.eye_rings[1][0]
    across = landmarks[left] - landmarks[right]
    eye_distance = float(np.linalg.norm(across))
    if eye_distance < MIN_EYE_DISTANCE * head.eye_distance:
        return False
    order = landmarks[[right, inner_right, inner_left, left]] @ across
    mouth = landmarks[list(ibug_68.mouth_corners)] @ across
    before, after = (_areas(points[head.head_triangles]) for points in (head.points, moved))
    folded = np.abs(before)[before * after < 0].sum() / np.abs(before).sum()
    return bool((np.diff(order) > 0).all() and mouth[1] > mouth[0] and folded <= MAX_FOLDED)


def turn_face(
    picture: NDArray[np.uint8],
    head: HeadSurface,
    turn: tuple[float, float],
    slide: JawSlide,
    settings: TurnSettings,
) -> TurnedFace | None:
    """Turn the head in a square picture by yaw and pitch, degrees; None where the result is not plausible."""
    moved, rotation = _moved(head, *turn)
    landmarks = turned_landmarks(head, moved, rotation, slide)
    if not is_plausible(head, moved, landmarks):
        return None
    transform = CropTransform.for_box(Box.around(landmarks), settings.context, (settings.side,) * 2)
    drawn = np.column_stack([apply_affine(transform.matrix, moved[:, :2]), moved[:, 2]])
    source_xy = source_map(drawn, head.triangles, head.points[:, :2], settings.side)
    return TurnedFace(
        draw_mesh(picture, source_xy), apply_affine(transform.matrix, landmarks).astype(np.float32)
    )

"""Turned heads out of training pictures: each face as a surface, turned farther and drawn again.

Heads that are turned far are scarce in every set with labels by hand. A face is turned only farther in the
direction in which it is turned already, so that hardly any skin has to be shown that the picture does not
hold; the far side of the head vanishes behind the near one, and labels of the jaw move to where people
would put them: on the far side to where the head now ends to the eye.

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
"""Of the picture that is turned, over the one that is drawn: its border stays out of sight."""

STRAIGHT_DEGREES = 8.0
"""Yaw or pitch up to which a face may be turned either way."""

LEAST_YAW = 10.0
"""Extra yaw, degrees, below which a turned face is hardly another one."""

FARTHEST_YAW = 55.0
"""Degrees, old and new together: beyond it the far eye is hidden, and nobody knows its label."""

MOST_PITCH = 15.0
"""Extra pitch, degrees."""

OUTLINE_STEPS = 48
"""Heights at which the far outline is looked up."""

NARROWEST = 0.35
"""Of the eye distance seen from the front: below it the far eye has no room of its own."""

MOST_FOLDED = 0.55
"""Share of the head's surface, by its area in the source, that may be turned away from the camera."""


@dataclass(frozen=True)
class TurnSettings:
    """How faces are turned."""

    largest_yaw: float = 45.0
    """Most extra yaw, degrees."""
    context: float = 2.6
    """Side of the picture drawn, in face sizes."""
    side: int = 288
    """Its pixels."""


@dataclass(frozen=True, eq=False)
class TurnedFace:
    """A picture of a head turned farther."""

    image: NDArray[np.uint8]
    """(P, P, 3) BGR."""
    landmarks: NDArray[np.float32]
    """(K, 2) its pixels."""


def _turned_axes(yaw: float, pitch: float) -> Array:
    """(3, 3) a head turned about its own axes by degrees: `view_angles` grow by so much."""
    (sy, sp), (cy, cp) = (turn(np.radians([-yaw, pitch])) for turn in (np.sin, np.cos))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    return np.asarray(about_x @ about_y, np.float64)


def view_angles(rotation: Array) -> tuple[float, float]:
    """Yaw and pitch, degrees, of the camera's view in head axes: roll means nothing to them."""
    x, y, z = rotation[2]
    return float(np.degrees(np.arctan2(x, z))), float(np.degrees(np.arctan2(y, z)))


def _away(angle: float, extra: float, rng: np.random.Generator) -> float:
    """`extra` in the direction of an angle, in either where that is hardly one."""
    sign = rng.choice([-1.0, 1.0])
    return extra * (sign if abs(angle) < STRAIGHT_DEGREES else float(np.sign(angle)))


def draw_turn(rotation: Array, largest_yaw: float, rng: np.random.Generator) -> tuple[float, float] | None:
    """Extra yaw and pitch, degrees, for a head; None where it is turned far enough already."""
    yaw, pitch = view_angles(rotation)
    most = min(largest_yaw, FARTHEST_YAW - abs(yaw))
    if most < LEAST_YAW:
        return None
    return _away(yaw, rng.uniform(LEAST_YAW, most), rng), _away(pitch, rng.uniform(0, MOST_PITCH), rng)


def _moved(head: HeadSurface, yaw: float, pitch: float) -> tuple[Array, Array]:
    """(N, 3) the surface's points after the turn, and the head's new rotation."""
    rotation = head.rotation @ _turned_axes(yaw, pitch)
    turned = (head.points - head.pivot) @ (rotation @ head.rotation.T).T + head.pivot
    return head.points + head.follow[:, None] * (turned - head.points), rotation


def outline_at(heights: Array, across: Array, down: Array, edges: NDArray[np.int64]) -> Array:
    """(H,) how far a mesh reaches at each height; NaN where it has nothing there.

    Args:
        heights: (H,).
        across: (N,) of its points.
        down: (N,) likewise, what heights are measured in.
        edges: (E, 2) indices.
    """
    first, last = down[edges].T
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (heights[:, None] - first) / (last - first)
    reach = across[edges[:, 0]] + share * (across[edges[:, 1]] - across[edges[:, 0]])
    reach = np.where((share >= 0) & (share <= 1), reach, -np.inf).max(axis=1)
    return np.where(np.isinf(reach), np.nan, reach)


def _shares_of(line: Array) -> Array:
    """(N,) share of a line's length (N, 2) at which each of its points lies."""
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    return np.asarray(length / length[-1], np.float64)


def _spaced_as(marks: Array, line: Array) -> Array:
    """(M, 2) points of a line (N, 2) that share its length as marks (M, 2) share theirs."""
    return np.column_stack([np.interp(_shares_of(marks), _shares_of(line), axis) for axis in line.T])


def _far_line(head: HeadSurface, moved: Array, rotation: Array, far: NDArray[np.int64], drop: float) -> Array:
    """(H, 2) edge of the turned head on its far side, from the chin to where the last jaw label lies.

    Args:
        head: before the turn.
        moved: (N, 3) its points after it.
        rotation: (3, 3) after it.
        far: jaw labels of that side, from the chin.
        drop: by how much the last label lies lower than its spot on the skin, pixels.
    """
    aside, down = head_axes(rotation)
    outwards = aside if rotation[2, 0] > 0 else -aside
    across, low = moved[:, :2] @ outwards, moved[:, :2] @ down
    # A nose that stands out past the cheek hides the face's edge, it does not become it.
    faces = head.head_triangles[~np.isin(head.head_triangles, ibug_68.groups["nose"]).any(axis=1)]
    sides = faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    heights = np.linspace(low[CHIN], low[far[-1]] + drop, OUTLINE_STEPS)[1:]
    reach = outline_at(heights, across, low, sides)
    outline = reach[:, None] * outwards + heights[:, None] * down
    return np.concatenate([moved[CHIN, :2][None], outline[np.isfinite(reach)]])


def visible_landmarks(head: HeadSurface, moved: Array, rotation: Array, slide: JawSlide) -> Array:
    """(K, 2) labels of the turned head: the jaw's slide along its outline, spaced as labelled before."""
    landmarks = moved[: ibug_68.count, :2].copy()
    far_left = rotation[2, 0] > 0
    left, right = JAW[CHIN:], JAW[CHIN::-1]
    far, near = (left, right) if far_left else (right, left)
    before, after = head.rotation[2, 0], rotation[2, 0]
    # From a little to one side to far on the other: the near side's marks begin to slide at the front.
    more = (abs(after) - (abs(before) if before * after > 0 else 0)) * head.eye_distance
    down = head_axes(rotation)[1]
    # A mark stays on the line: of the way down, only what leads along it.
    along = np.gradient(landmarks[near], axis=0)[1:]
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    landmarks[near[1:]] += more * (slide.lower * (along @ down))[:, None] * along
    line = _far_line(head, moved, rotation, far, more * slide.far_top)
    landmarks[far] = _spaced_as(head.points[far, :2], line)
    return landmarks


def _areas(corners: Array) -> Array:
    """(T,) twice the areas of triangles (T, 3, 3) in the picture; negative for those seen from behind."""
    across, down = np.moveaxis(corners[:, 1:, :2] - corners[:, :1, :2], 2, 0)
    return np.asarray(across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0], np.float64)


def is_sound(head: HeadSurface, moved: Array, landmarks: Array) -> bool:
    """Whether a turned face is one that could be labelled: nothing out of order, not folded up."""
    right, left = ibug_68.outer_eye_corners
    inner_right, inner_left = ibug_68.eye_rings[0][3], ibug_68.eye_rings[1][0]
    across = landmarks[left] - landmarks[right]
    apart = float(np.linalg.norm(across))
    if apart < NARROWEST * head.eye_distance:
        return False
    order = landmarks[[right, inner_right, inner_left, left]] @ across
    mouth = landmarks[list(ibug_68.mouth_corners)] @ across
    before, after = (_areas(points[head.head_triangles]) for points in (head.points, moved))
    folded = np.abs(before)[before * after < 0].sum() / np.abs(before).sum()
    return bool((np.diff(order) > 0).all() and mouth[1] > mouth[0] and folded <= MOST_FOLDED)


def turn_face(
    picture: NDArray[np.uint8],
    head: HeadSurface,
    turn: tuple[float, float],
    slide: JawSlide,
    settings: TurnSettings,
) -> TurnedFace | None:
    """A square picture of a head, turned by yaw and pitch, degrees; None where that gives no sound face."""
    moved, rotation = _moved(head, *turn)
    landmarks = visible_landmarks(head, moved, rotation, slide)
    if not is_sound(head, moved, landmarks):
        return None
    way = CropTransform.for_box(Box.around(landmarks), settings.context, (settings.side,) * 2)
    drawn = np.column_stack([apply_affine(way.matrix, moved[:, :2]), moved[:, 2]])
    seen = source_map(drawn, head.triangles, head.points[:, :2], settings.side)
    return TurnedFace(draw_mesh(picture, seen), apply_affine(way.matrix, landmarks).astype(np.float32))

"""A person's head as a surface in space, from the 68 landmarks of one picture and the mean face.

The landmarks lie where the labels say, at the depth of the mean face in the pose that fits them. Cheeks and
skull, which have no landmarks, are rows of half ovals: each height of the head has a half width, a depth
at its sides and a depth in front. Around the head lie two rings that follow it, the outer one half as far,
and the picture's border, which stays: between them the background bends.

The idea is the face profiling of Zhu et al. ("Face alignment across large poses", CVPR 2016); there the
surface is a morphable model's, here no more than the landmarks themselves give.

Axes: the head's and the camera's are x to the picture's right, y down, z away from the camera; lengths
are eye distances on the head, pixels in the picture. Letters: K landmarks, M rows, N points, T triangles.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay, QhullError

from device.contract.landmarks import ibug_68
from device.signal.mean_face import mean_landmarks
from training.export.mean_face import JAW_WEIGHT, Poses, fit_poses

Array = NDArray[np.float64]

JAW = np.array(ibug_68.groups["jaw"])
CHIN = int(JAW[len(JAW) // 2])
ON_SKIN = (19, 36, 31, 48)
"""Brow, eye corner, nostril and mouth corner, by falling height: each lies on its row."""

SKULL = np.array(
    [
        [-1.35, 0.40, 0.75, 0.50],
        [-1.08, 0.60, 0.65, 0.20],
        [-0.85, 0.76, 0.60, -0.06],
        [-0.55, 0.84, 0.58, -0.19],
        [-0.25, 0.86, 0.57, -0.21],
    ]
)
"""Height, half width, depth at the sides and in front of the head above the eyes, where nothing is labelled:
a skull of usual build, joined to the mean face's ears and brows."""

FIT_ROUNDS = 60
"""Of the pose: a head turned by 60 degrees is then found to a tenth of a degree."""

WORST_MISFIT = 0.12
"""Root mean square distance of the inner landmarks from the mean face's, eye distances, above which a face is
not the mean face turned: mislabelled, or a grimace."""

ROUNDNESS = 0.6
"""Power of the cosine that a head's section is: 1 for a half ellipse, less for fuller cheeks. With this one
the far outline of faces turned to 30 degrees lies where that of training faces does."""

FRONTAL = 0.14
"""Sine of the yaw up to which both sides of the jaw are seen: 8 degrees."""

EDGE_STEPS = 181
"""Angles of a row that are tried, from the middle to the side."""

ROW_ANGLES = 9
"""Points of a row, side to side."""

NEAREST = 0.07
"""Eye distances between a row's point and a landmark, or the outline, within which the point is left out."""

RESIDUAL_REACH = 0.15
"""Eye distances over which a landmark draws the skin along, where this head is not the mean one."""

RINGS = ((1.15, 0.25, 1.0), (1.5, 0.8, 0.5))
"""Of the background: size over the head's outline, eye distances behind it, how far it follows the head."""

BORDER_POINTS = 5
"""On each side of the picture."""
BORDER_DEPTH = 3.0
"""Eye distances behind the head's outline: behind everything."""


@dataclass(frozen=True, eq=False)
class HeadSurface:
    """A head and what is behind it, as one mesh over a picture."""

    points: Array
    """(N, 3) camera axes, pixels; the first K are the landmarks."""
    triangles: NDArray[np.int64]
    """(T, 3) indices of points."""
    follow: Array
    """(N,) 1 where a point turns with the head, 0 where it stays."""
    on_head: NDArray[np.bool_]
    """(N,) of the head itself."""
    rotation: Array
    """(3, 3) head axes to camera axes."""
    pivot: Array
    """(3,) middle of the head, camera axes."""
    eye_distance: float
    """Pixels that an eye distance of this head has seen from the front."""

    @property
    def head_triangles(self) -> NDArray[np.int64]:
        """Those whose three points lie on the head."""
        return self.triangles[self.on_head[self.triangles].all(axis=1)]


@cache
def head_rows() -> Array:
    """(M, 4) height, half width, depth at the sides, depth in front; the skull's, then those of the jaw."""
    mean = mean_landmarks()
    right, heights, sides = mean[JAW[JAW < CHIN]].T
    widths = -right
    x, y, z = mean[list(ON_SKIN)].T
    side = np.interp(y, heights, sides)
    fronts = side - (side - z) / _deepness(np.arcsin(x / np.interp(y, heights, widths)))
    jaw_rows = np.column_stack([heights, widths, sides, np.interp(heights, y, fronts)])
    return np.concatenate([SKULL, jaw_rows])


def _deepness(angles: Array) -> Array:
    """How far a row stands before its sides at each angle, as a share of what it does in the middle."""
    return np.asarray(np.maximum(np.cos(angles), 0) ** ROUNDNESS, np.float64)


def row_points(rows: Array, angles: Array) -> Array:
    """(M, A, 3) points of rows (M, 4) at angles (M, A), from -pi/2 at the right ear to pi/2 at the left."""
    height, width, side, front = rows.T[:, :, None]
    x, z = width * np.sin(angles), side - (side - front) * _deepness(angles)
    return np.stack(np.broadcast_arrays(x, height, z), axis=-1)


def seen_angles(rows: Array, view: Array) -> Array:
    """(M, 2) angles between which a camera that looks along `view` (3,), head axes, sees the rows' skin.

    Skin is seen while a step along the row leads on across the view.
    """
    angles = np.linspace(0, np.pi / 2, EDGE_STEPS)
    points = row_points(rows, np.broadcast_to(angles, (len(rows), EDGE_STEPS)))
    across = points[:, :, 0] * view[2] - points[:, :, 2] * abs(view[0])
    edge = angles[across.argmax(axis=1)]
    right, left = np.where(view[0] < 0, -edge, -np.pi / 2), np.where(view[0] > 0, edge, np.pi / 2)
    return np.column_stack([right, left])


def _slid_outline(view: Array, deeper: Array) -> Array:
    """(K, 3) mean face whose far jaw has slid along the rows to where the head ends to the eye.

    Added to the depth of the near jaw, or of both halves of a face seen from the front, is `deeper` (J,).
    """
    shape = mean_landmarks().copy()
    rows = head_rows()[len(SKULL) :]
    edges = row_points(rows, seen_angles(rows, view))
    right, left = JAW[CHIN - 1 :: -1], JAW[CHIN + 1 :]
    shape[right], shape[left] = edges[::-1, 0], edges[::-1, 1]
    shape[right, 2] += deeper * (view[0] > -FRONTAL)
    shape[left, 2] += deeper * (view[0] < FRONTAL)
    return shape


def find_poses(faces: Array) -> tuple[Poses, NDArray[np.bool_]]:
    """Poses of the mean face under landmarks (F, K, 2), and (F,) whether it can lie there at all."""
    faces = np.asarray(faces, np.float64)
    sizes = np.sqrt(faces.var(axis=1).sum(axis=1))
    seen = faces / np.where(sizes > 0, sizes, 1)[:, None, None]
    weights = np.ones(ibug_68.count)
    weights[JAW] = JAW_WEIGHT
    count = len(faces)
    start = Poses(np.tile(np.eye(3), (count, 1, 1)), np.ones(count), np.zeros((count, 3)))
    poses = fit_poses(mean_landmarks(), seen, start, weights, FIT_ROUNDS)
    poses = Poses(poses.rotations, poses.scales * sizes, poses.offsets * sizes[:, None])
    inner = (poses.projected(mean_landmarks())[..., :2] - faces)[:, weights == 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        misfits = np.sqrt((inner**2).sum(axis=2).mean(axis=1)) / poses.scales
    return poses, (misfits <= WORST_MISFIT) & (poses.rotations[:, 2, 2] > 0)


def _drawn_along(points: Array, shown: Array, landmarks: Array, reach: float) -> Array:
    """Points (N, 3) moved in the picture as the landmarks near them are off from where they were shown."""
    distance = np.linalg.norm(points[:, None, :2] - shown[None, :, :2], axis=-1)
    shares = 1 / (distance**2 + reach**2)
    off = landmarks - shown[:, :2]
    moved = points.copy()
    moved[:, :2] += shares @ off / shares.sum(axis=1, keepdims=True)
    return moved


def _cheeks_left(cheeks: Array, landmarks: Array, nearest: float) -> Array:
    """Of the cheeks' points those inside the jaw line and not on top of a landmark."""
    line = landmarks[JAW].astype(np.float32)
    inside = [cv2.pointPolygonTest(line, (float(x), float(y)), True) for x, y, _ in cheeks]
    apart = np.linalg.norm(cheeks[:, None, :2] - landmarks, axis=-1).min(axis=1)
    return np.asarray(cheeks[(np.array(inside) > nearest) & (apart > nearest)])


def _rings(rim: Array, eye_distance: float) -> tuple[Array, Array]:
    """(R, 3) points around the outline `rim` (N, 3), and (R,) how far each follows the head."""
    middle = rim[:, :2].mean(axis=0)
    rings, follow = [], []
    for size, behind, share in RINGS:
        around = middle + size * (rim[:, :2] - middle)
        rings.append(np.column_stack([around, rim[:, 2] + behind * eye_distance]))
        follow.append(np.full(len(rim), share))
    return np.concatenate(rings), np.concatenate(follow)


def _border(side: int, depth: float) -> Array:
    """(B, 3) points along the edge of a square picture."""
    steps = np.linspace(-0.5, side - 0.5, BORDER_POINTS)
    low, high = np.full_like(steps, -0.5), np.full_like(steps, side - 0.5)
    edges = [(steps, low), (steps, high), (low[1:-1], steps[1:-1]), (high[1:-1], steps[1:-1])]
    flat = np.concatenate([np.column_stack(edge) for edge in edges])
    return np.column_stack([flat, np.full(len(flat), depth)])


def _skin(pose: Poses, landmarks: Array, deeper: Array) -> tuple[Array, Array, Array]:
    """The landmarks in space (K, 3), points of cheeks and skull (N, 3), and the skull's outline (M, 3)."""
    view, eye_distance = pose.rotations[0, 2], float(pose.scales[0])
    shown = pose.projected(_slid_outline(view, deeper))[0]
    rows = head_rows()
    edges = seen_angles(rows, view)
    steps = np.linspace(0, 1, ROW_ANGLES)
    grid = row_points(rows, edges[:, :1] + steps * (edges[:, 1:] - edges[:, :1]))
    posed = pose.projected(grid.reshape(-1, 3))[0]
    posed = _drawn_along(posed, shown, landmarks, RESIDUAL_REACH * eye_distance)
    posed = posed.reshape(grid.shape)
    skull, cheeks = posed[: len(SKULL)], posed[len(SKULL) :]
    nearest = NEAREST * eye_distance
    # In front of a cheek's inner points stand nose and mouth, which have landmarks of their own.
    sides = cheeks[:, [1, 2, 6, 7]].reshape(-1, 3)
    top = skull[:, 1:-1].reshape(-1, 3)
    apart = np.linalg.norm(top[:, None, :2] - landmarks, axis=-1).min(axis=1) > nearest
    # From the left ear over the top to the right ear: the jaw goes on where this ends.
    rim = np.concatenate([skull[::-1, -1], skull[0, -2:0:-1], skull[:, 0]])
    placed = np.column_stack([landmarks, shown[:, 2]])
    return placed, np.concatenate([top[apart], _cheeks_left(sides, landmarks, nearest)]), rim


def fit_head(landmarks: NDArray[np.floating], side: int, deeper: Array | float = 0.0) -> HeadSurface | None:
    """The head under landmarks of a square picture; None where none fits.

    Args:
        landmarks: (K, 2) pixels.
        side: of the picture, pixels.
        deeper: (J,) eye distances by which this half of the jaw, from the chin, lies behind the mean face's.
    """
    pose, fits = find_poses(np.asarray(landmarks, np.float64)[None])
    if not fits[0]:
        return None
    eye_distance = float(pose.scales[0])
    placed, skin, rim = _skin(pose, np.asarray(landmarks, np.float64), np.asarray(deeper))
    outline = np.concatenate([placed[JAW], rim])
    rings, follow = _rings(outline, eye_distance)
    border = _border(side, outline[:, 2].max() + BORDER_DEPTH * eye_distance)
    head = np.concatenate([placed, skin, rim])
    points = np.concatenate([head, rings, border])
    try:
        triangles = Delaunay(points[:, :2]).simplices.astype(np.int64)
    except QhullError:
        return None
    count = len(points)
    return HeadSurface(
        points=points,
        triangles=triangles,
        follow=np.concatenate([np.ones(len(head)), follow, np.zeros(len(border))]),
        on_head=np.arange(count) < len(head),
        rotation=pose.rotations[0],
        pivot=pose.projected(np.array([[0.0, 0.4, 0.35]]))[0, 0],
        eye_distance=eye_distance,
    )

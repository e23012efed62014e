"""A head as a surface in space, built from the 68 landmarks of one picture and the mean face.

Each landmark lies at its label's position, at the depth of the mean face in the pose that fits the labels.
Cheeks and skull, which have no landmarks, are rows of half ovals: each height of the head has a half width, a
depth at its sides and one in front. Around the head lie two rings that follow its motion, the outer one by
half, and the border of the picture, which stays; the background is stretched between them.

The idea is the face profiling of Zhu et al. ("Face alignment across large poses", CVPR 2016), whose surface
comes from a morphable model; ours comes from the landmarks alone.

Axes of head and camera: x to the picture's right, y down, z away from the camera. Lengths are in eye
distances on the head, in pixels in the picture. Letters: K landmarks, M rows, N points, T triangles.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay, QhullError

from device.contract.landmarks import ibug_68
from device.signal.mean_face import mean_landmarks
from training.data.poses import JAW_WEIGHT, Poses, fit_poses

Array = NDArray[np.float64]

JAW = np.array(ibug_68.groups["jaw"])
CHIN = int(JAW[len(JAW) // 2])
ROW_LANDMARKS = (19, 36, 31, 48)
"""Brow, eye corner, nostril and mouth corner, top to bottom: landmarks that fix the depth of the rows."""

SKULL = np.array(
    [
        [-1.35, 0.40, 0.75, 0.50],
        [-1.08, 0.60, 0.65, 0.20],
        [-0.85, 0.76, 0.60, -0.06],
        [-0.55, 0.84, 0.58, -0.19],
        [-0.25, 0.86, 0.57, -0.21],
    ]
)
"""Rows above the eyes, where nothing is labelled: height, half width, depth at the sides and in front, of a
typical skull that joins the mean face at ears and brows."""

FIT_ROUNDS = 60
"""Iterations of the pose fit; at 60 degrees of yaw the pose is then right to a tenth of a degree."""

MAX_REPROJECTION_ERROR = 0.12
"""Root mean square of the inner landmarks' reprojection error, eye distances. Above it the mean face does not
fit: the face is mislabelled, or grimaces."""

ROUNDNESS = 0.6
"""A row's depth over its sides is the cosine of the angle to this power: 1 gives a half ellipse, less gives
fuller cheeks. Chosen so that the far outline at 30 degrees of yaw matches that of training faces."""

FRONTAL_SINE = 0.14
"""Sine of the yaw, 8 degrees, up to which both sides of the jaw are visible."""

EDGE_STEPS = 181
"""Angles of a row, from the front to the side, among which the visible edge is looked for."""

ROW_ANGLES = 9
"""Points of a row, from side to side."""

MIN_DISTANCE = 0.07
"""Eye distances; a row's points closer than this to a landmark or to the jaw line are left out."""

RESIDUAL_REACH = 0.15
"""Eye distances over which a landmark's residual from the mean face shifts the skin around it."""

RINGS = ((1.15, 0.25, 1.0), (1.5, 0.8, 0.5))
"""Rings of background: size over the head's outline, eye distances behind it, part of the head's motion."""

BORDER_POINTS = 5
"""Points on each side of the picture's border."""
BORDER_DEPTH = 3.0
"""Eye distances of the border behind the head's outline, so that it is behind everything else."""


@dataclass(frozen=True, eq=False)
class HeadSurface:
    """A head and its background as one mesh over a picture."""

    points: Array
    """(N, 3) camera axes, pixels; the first K are the landmarks."""
    triangles: NDArray[np.int64]
    """(T, 3) indices of points."""
    follow: Array
    """(N,) fraction of the head's motion that a point follows: 1 on the head, 0 on the border."""
    on_head: NDArray[np.bool_]
    """(N,) whether a point belongs to the head."""
    rotation: Array
    """(3, 3) head axes to camera axes."""
    pivot: Array
    """(3,) centre of the rotation, camera axes, pixels."""
    eye_distance: float
    """Pixels per eye distance, seen from the front."""

    @property
    def head_triangles(self) -> NDArray[np.int64]:
        """(T, 3) triangles whose three points lie on the head."""
        return self.triangles[self.on_head[self.triangles].all(axis=1)]


@cache
def head_rows() -> Array:
    """(M, 4) height, half width, depth at the sides and depth in front, of the rows of skull and jaw."""
    mean = mean_landmarks()
    right, heights, sides = mean[JAW[JAW < CHIN]].T
    widths = -right
    x, y, z = mean[list(ROW_LANDMARKS)].T
    side = np.interp(y, heights, sides)
    fronts = side - (side - z) / _depth_profile(np.arcsin(x / np.interp(y, heights, widths)))
    jaw_rows = np.column_stack([heights, widths, sides, np.interp(heights, y, fronts)])
    return np.concatenate([SKULL, jaw_rows])


def _depth_profile(angles: Array) -> Array:
    """How far a row lies before its sides at each angle, as a fraction of the same in front."""
    return np.asarray(np.maximum(np.cos(angles), 0) ** ROUNDNESS, np.float64)


def row_points(rows: Array, angles: Array) -> Array:
    """(M, A, 3) points of rows (M, 4) at angles (M, A), from -pi/2 at the right ear to pi/2 at the left."""
    height, width, side, front = rows.T[:, :, None]
    x, z = width * np.sin(angles), side - (side - front) * _depth_profile(angles)
    return np.stack(np.broadcast_arrays(x, height, z), axis=-1)


def visible_angles(rows: Array, view: Array) -> Array:
    """(M, 2) first and last visible angle of rows for a camera that looks along `view` (3,), head axes.

    A row is visible up to the angle where it reaches farthest across the view.
    """
    angles = np.linspace(0, np.pi / 2, EDGE_STEPS)
    points = row_points(rows, np.broadcast_to(angles, (len(rows), EDGE_STEPS)))
    across = points[:, :, 0] * view[2] - points[:, :, 2] * abs(view[0])
    edge = angles[across.argmax(axis=1)]
    right, left = np.where(view[0] < 0, -edge, -np.pi / 2), np.where(view[0] > 0, edge, np.pi / 2)
    return np.column_stack([right, left])


def _slid_outline(view: Array, near_depth: Array) -> Array:
    """(K, 3) mean face whose far jaw lies on the visible outline of the rows.

    `near_depth` (J,) is added to the depth of the near jaw, or of both halves in a frontal view.
    """
    shape = mean_landmarks().copy()
    rows = head_rows()[len(SKULL) :]
    edges = row_points(rows, visible_angles(rows, view))
    right, left = JAW[CHIN - 1 :: -1], JAW[CHIN + 1 :]
    shape[right], shape[left] = edges[::-1, 0], edges[::-1, 1]
    shape[right, 2] += near_depth * (view[0] > -FRONTAL_SINE)
    shape[left, 2] += near_depth * (view[0] < FRONTAL_SINE)
    return shape


def find_poses(faces: Array) -> tuple[Poses, NDArray[np.bool_]]:
    """Poses in which the mean face fits landmarks (F, K, 2), and (F,) whether it fits well enough."""
    faces = np.asarray(faces, np.float64)
    sizes = np.sqrt(faces.var(axis=1).sum(axis=1))
    normalised = faces / np.where(sizes > 0, sizes, 1)[:, None, None]
    weights = np.ones(ibug_68.count)
    weights[JAW] = JAW_WEIGHT
    count = len(faces)
    start = Poses(np.tile(np.eye(3), (count, 1, 1)), np.ones(count), np.zeros((count, 3)))
    poses = fit_poses(mean_landmarks(), normalised, start, weights, FIT_ROUNDS)
    poses = Poses(poses.rotations, poses.scales * sizes, poses.offsets * sizes[:, None])
    residuals = (poses.projected(mean_landmarks())[..., :2] - faces)[:, weights == 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = np.sqrt((residuals**2).sum(axis=2).mean(axis=1)) / poses.scales
    return poses, (errors <= MAX_REPROJECTION_ERROR) & (poses.rotations[:, 2, 2] > 0)


def _with_residuals(points: Array, projected: Array, landmarks: Array, reach: float) -> Array:
    """Points (N, 3) shifted in the picture by the weighted residuals of the landmarks around them."""
    distance = np.linalg.norm(points[:, None, :2] - projected[None, :, :2], axis=-1)
    weights = 1 / (distance**2 + reach**2)
    residuals = landmarks - projected[:, :2]
    moved = points.copy()
    moved[:, :2] += weights @ residuals / weights.sum(axis=1, keepdims=True)
    return moved


def _kept_cheeks(cheeks: Array, landmarks: Array, min_distance: float) -> Array:
    """Points of the cheeks that lie inside the jaw line and not too close to a landmark."""
    line = landmarks[JAW].astype(np.float32)
    inside = [cv2.pointPolygonTest(line, (float(x), float(y)), True) for x, y, _ in cheeks]
    distance = np.linalg.norm(cheeks[:, None, :2] - landmarks, axis=-1).min(axis=1)
    return np.asarray(cheeks[(np.array(inside) > min_distance) & (distance > min_distance)])


def _rings(rim: Array, eye_distance: float) -> tuple[Array, Array]:
    """(R, 3) points of rings around the outline `rim` (N, 3), and (R,) the fraction of motion they follow."""
    centroid = rim[:, :2].mean(axis=0)
    rings, follow = [], []
    for size, behind, fraction in RINGS:
        around = centroid + size * (rim[:, :2] - centroid)
        rings.append(np.column_stack([around, rim[:, 2] + behind * eye_distance]))
        follow.append(np.full(len(rim), fraction))
    return np.concatenate(rings), np.concatenate(follow)


def _border(side: int, depth: float) -> Array:
    """(B, 3) points along the border of a square picture."""
    steps = np.linspace(-0.5, side - 0.5, BORDER_POINTS)
    low, high = np.full_like(steps, -0.5), np.full_like(steps, side - 0.5)
    edges = [(steps, low), (steps, high), (low[1:-1], steps[1:-1]), (high[1:-1], steps[1:-1])]
    flat = np.concatenate([np.column_stack(edge) for edge in edges])
    return np.column_stack([flat, np.full(len(flat), depth)])


def _skin(pose: Poses, landmarks: Array, near_depth: Array) -> tuple[Array, Array, Array]:
    """Landmarks in space (K, 3), points of cheeks and skull (N, 3), and the outline of the skull (M, 3)."""
    view, eye_distance = pose.rotations[0, 2], float(pose.scales[0])
    projected = pose.projected(_slid_outline(view, near_depth))[0]
    rows = head_rows()
    edges = visible_angles(rows, view)
    steps = np.linspace(0, 1, ROW_ANGLES)
    grid = row_points(rows, edges[:, :1] + steps * (edges[:, 1:] - edges[:, :1]))
    posed = pose.projected(grid.reshape(-1, 3))[0]
    posed = _with_residuals(posed, projected, landmarks, RESIDUAL_REACH * eye_distance)
    posed = posed.reshape(grid.shape)
    skull, cheeks = posed[: len(SKULL)], posed[len(SKULL) :]
    min_distance = MIN_DISTANCE * eye_distance
    # The inner points of a cheek's row lie behind nose and mouth, which have their own landmarks.
    sides = cheeks[:, [1, 2, 6, 7]].reshape(-1, 3)
    top = skull[:, 1:-1].reshape(-1, 3)
    kept = np.linalg.norm(top[:, None, :2] - landmarks, axis=-1).min(axis=1) > min_distance
    # From the left ear over the top to the right ear, where the jaw continues.
    rim = np.concatenate([skull[::-1, -1], skull[0, -2:0:-1], skull[:, 0]])
    placed = np.column_stack([landmarks, projected[:, 2]])
    return placed, np.concatenate([top[kept], _kept_cheeks(sides, landmarks, min_distance)]), rim


def fit_head(
    landmarks: NDArray[np.floating], side: int, near_depth: Array | float = 0.0
) -> HeadSurface | None:
    """Fit a head to the landmarks of a square picture; None where none fits.

    Args:
        landmarks: (K, 2) pixels.
        side: of the picture, pixels.
        near_depth: (J,) eye distances of the near half of the jaw, from the chin, behind the mean face's.
    """
    pose, fits = find_poses(np.asarray(landmarks, np.float64)[None])
    if not fits[0]:
        return None
    eye_distance = float(pose.scales[0])
    placed, skin, rim = _skin(pose, np.asarray(landmarks, np.float64), np.asarray(near_depth))
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

"""Drawing of faces with their 68 landmarks: a random person in random light before a random background."""

import multiprocessing
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError
from training.data.synthetic.camera import aim_camera, turn_of
from training.data.synthetic.ground import background
from training.data.synthetic.head.bodies import Mesh, ear_mesh, head_mesh, join_meshes, neck_mesh
from training.data.synthetic.head.head import Head, head_grid
from training.data.synthetic.light import Light, sample_light, shade
from training.data.synthetic.looks import Hair, sample_looks
from training.data.synthetic.noise import add_grain
from training.data.synthetic.paint.canvas import Canvas
from training.data.synthetic.paint.hair import hair_swell
from training.data.synthetic.paint.person import paint_head
from training.data.synthetic.raster import rasterise
from training.data.synthetic.scene import Scene
from training.data.synthetic.traits import sample_expression, sample_identity, sample_pose
from training.data.synthetic.wear import draw_back_hair, draw_clothes, draw_glasses

CHUNK_FACES = 16
"""Faces that a worker process draws per task."""
MIN_FACES_PER_WORKER = 64
"""For fewer faces per worker, starting another process takes longer than it saves."""
MIN_SIDE = 48
"""Pixels. In a smaller picture an eye would be narrower than a stroke."""
TEXTURE_SCALE = 1.2
"""Pixels of the skin's texture per pixel of the picture."""
REMAP_COLUMNS = 256
"""Width of the maps given to OpenCV's remap, which takes no side beyond 32767."""


@dataclass(frozen=True, eq=False)
class SyntheticFace:
    """A drawn face."""

    image: NDArray[np.uint8]
    """(side, side, 3) BGR."""
    landmarks: NDArray[np.float32]
    """(68, 2) pixels, scheme ibug_68; the jaw's points lie on the visible outline (see head.py)."""


def draw_face(rng: np.random.Generator, side: int = 256) -> SyntheticFace:
    """Draw one face whose landmarks' tight box is about half of `side` long and about central.

    Raises:
        BadInputError: `side` is below `MIN_SIDE`.
    """
    if side < MIN_SIDE:
        raise BadInputError(f"side of a drawn face is {side} pixels, wanted {MIN_SIDE} or more")
    head = Head(sample_identity(rng), sample_expression(rng))
    looks, light, pose = sample_looks(rng), sample_light(rng), sample_pose(rng)
    landmarks = head.landmarks(turn_of(pose))
    centre = (side - 1) / 2 + rng.uniform(-0.03, 0.03, 2) * side
    size = rng.uniform(0.47, 0.53) * side
    camera = aim_camera(pose, landmarks, size, (float(centre[0]), float(centre[1])))
    image = background(rng, side)
    draw_person(image, Scene(head, looks, light, camera), rng)
    return SyntheticFace(image, camera.project(landmarks)[:, :2].astype(np.float32))


def draw_person(image: NDArray[np.uint8], scene: Scene, rng: np.random.Generator) -> None:
    """Draw a person into the picture, from back to front, in place."""
    head, looks, camera = scene.head, scene.looks, scene.camera
    if looks.hair_style is Hair.LONG:
        draw_back_hair(image, scene, rng)
    draw_clothes(image, scene, rng)
    canvas = paint_head(head, looks, TEXTURE_SCALE * camera.scale, rng)
    swell = hair_swell(looks, head_grid().theta[None, :], head.row_heights()[:, None])
    meshes = [neck_mesh(head, camera), head_mesh(head, camera, swell)]
    if not looks.ears_covered:
        meshes += [ear_mesh(head, camera, -1), ear_mesh(head, camera, 1)]
    _draw_mesh(image, join_meshes(meshes), canvas, scene.light)
    draw_glasses(image, scene, rng)
    # Lens and sensor blur a little, which also smooths the jagged edges of the triangles.
    cv2.GaussianBlur(image, (3, 3), rng.uniform(0.5, 0.9), dst=image)
    add_grain(image, rng, rng.uniform(0, 8))


def _draw_mesh(image: NDArray[np.uint8], mesh: Mesh, canvas: Canvas, light: Light) -> None:
    """Draw a lit mesh with its texture, in place."""
    gains = shade(mesh.normals, light) * mesh.occlusion[:, None]
    values = np.concatenate([canvas.pixels(mesh.places), gains], axis=1)
    fragments = rasterise(mesh.vertices, mesh.triangles, values, image.shape[0])
    painted = _sample(canvas.image, fragments.values[:2])
    lit = np.minimum(painted * fragments.values[2:].T, 255)
    image.reshape(-1, 3)[fragments.pixels] = lit.astype(np.uint8)


def _sample(image: NDArray[np.uint8], at: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(P, 3) colours of the picture at (2, P) pixels, by bilinear interpolation."""
    count = at.shape[1]
    rows = -(-count // REMAP_COLUMNS)
    padded = np.zeros((2, rows * REMAP_COLUMNS), np.float32)
    padded[:, :count] = at
    x, y = padded.reshape(2, rows, REMAP_COLUMNS)
    return np.asarray(cv2.remap(image, x, y, cv2.INTER_LINEAR), np.uint8).reshape(-1, 3)[:count]


def _draw_chunk(
    seeds: Sequence[np.random.SeedSequence], side: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    faces = [draw_face(np.random.default_rng(seed), side) for seed in seeds]
    return np.stack([face.image for face in faces]), np.stack([face.landmarks for face in faces])


def _gather(
    drawn: Iterable[tuple[NDArray[np.uint8], NDArray[np.float32]]],
    images: NDArray[np.uint8],
    landmarks: NDArray[np.float32],
) -> None:
    """Copy chunks, in order, into arrays for all faces."""
    first = 0
    for some_images, some_landmarks in drawn:
        images[first : first + len(some_images)] = some_images
        landmarks[first : first + len(some_images)] = some_landmarks
        first += len(some_images)


def _use_one_thread() -> None:
    """Keep OpenCV in a worker process to one thread, since there is a worker per core."""
    cv2.setNumThreads(1)


def draw_faces(
    count: int, seed: int, side: int = 256, workers: int | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Draw `count` faces, the same for a seed whatever the number of workers.

    Workers are spawned processes, so a script that calls this needs an `if __name__ == "__main__"` guard.

    Args:
        workers: processes; None chooses by the number of cores and of faces.

    Returns:
        (N, side, side, 3) uint8 BGR, and (N, 68, 2) float32 pixels.

    Raises:
        BadInputError: `side` is below `MIN_SIDE`.
    """
    seeds = np.random.SeedSequence(seed).spawn(count)
    if workers is None:
        workers = min(os.cpu_count() or 1, count // MIN_FACES_PER_WORKER)
    chunks = [seeds[first : first + CHUNK_FACES] for first in range(0, count, CHUNK_FACES)]
    images = np.empty((count, side, side, 3), np.uint8)
    landmarks = np.empty((count, 68, 2), np.float32)
    if workers <= 1:
        drawn = map(_draw_chunk, chunks, [side] * len(chunks))
        _gather(drawn, images, landmarks)
        return images, landmarks
    # Not forked: the child of a process with threads of torch or OpenCV may deadlock.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=_use_one_thread) as pool:
        _gather(pool.map(_draw_chunk, chunks, [side] * len(chunks)), images, landmarks)
    return images, landmarks

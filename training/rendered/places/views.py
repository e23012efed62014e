"""Views of a head from the front, and from a pixel of one back to a place in the skin's texture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.rendered.avatar import Pose, PosedMesh
from training.rendered.camera import Camera
from training.rendered.draw import Sitter, before_ground
from training.rendered.landmarks import locate
from training.rendered.places.profile import lid_slit, midline_of
from training.rendered.scene import HeadAngles, random_camera, random_lights

Array = NDArray[np.float64]

YAW_DEGREES, PITCH_DEGREES, ROLL_DEGREES = 6.0, 5.0, 4.0
"""Standard deviations: the two sides of a head are then seen equally often, and a mesh is not asked about
one picture many times."""
FACE_BELOW_EYES = 0.035
"""Metres from the middle between the eyes down to the middle of the face."""


@dataclass(frozen=True, eq=False)
class View:
    """A picture of a resting head, and what it was drawn from."""

    image: NDArray[np.uint8]
    """(S, S, 3) BGR."""
    camera: Camera
    skin: PosedMesh


def frontal_view(sitter: Sitter, rng: np.random.Generator) -> View:
    """A head that rests and looks about straight into the camera, with nothing before it."""
    angles = HeadAngles(*rng.normal(0, [YAW_DEGREES, PITCH_DEGREES, ROLL_DEGREES]).tolist())
    pose = Pose()
    meshes = sitter.avatar.posed(pose)
    camera = random_camera(rng, angles, pose.neck, face_centre(sitter), sitter.renderer.side)
    surfaces = [sitter.surface_of(mesh, (1.0, 1.0, 1.0)) for mesh in meshes]
    drawing = sitter.renderer.draw(surfaces, camera, random_lights(rng, camera))
    return View(before_ground(drawing, rng), camera, meshes[0])


def face_centre(sitter: Sitter) -> Array:
    """(3,) middle of a resting face, world axes."""
    skin = sitter.avatar.skin
    middle = midline_of(skin), lid_slit(skin).inner[1]
    eyes = locate(skin, np.array([middle])).on(sitter.avatar.posed(Pose())[0].positions)[0]
    return eyes - [0.0, FACE_BELOW_EYES, 0.0]


def texture_places(view: View, pixels: Array) -> Array:
    """(N, 2) places in the texture that are seen at pixels (N, 2); the nearest vertex's beside the head."""
    mesh, seen = view.skin.mesh, view.camera.project(view.skin.positions)
    depth = view.camera.to_camera(view.skin.positions)[:, 2]
    corners = seen[mesh.triangles]
    along, up = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = along[:, 0] * up[:, 1] - along[:, 1] * up[:, 0]
    area = np.where(area == 0, 1e-12, area)
    found = []
    low, high = corners.min(axis=1), corners.max(axis=1)
    for pixel in pixels:
        about = np.flatnonzero(((low <= pixel) & (pixel <= high)).all(axis=1))
        x, y = (pixel - corners[about, 0]).T
        second = (x * up[about, 1] - y * up[about, 0]) / area[about]
        third = (along[about, 0] * y - along[about, 1] * x) / area[about]
        weights = np.stack([1 - second - third, second, third], axis=1)
        inside = (weights >= 0).all(axis=1)
        if not inside.any():
            found.append(mesh.uv[np.linalg.norm(seen - pixel, axis=1).argmin()])
            continue
        hit, weights = mesh.triangles[about[inside]], weights[inside]
        nearest = (depth[hit] * weights).sum(axis=1).argmin()
        found.append(weights[nearest] @ mesh.uv[hit[nearest]])
    return np.array(found, np.float64)

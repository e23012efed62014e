"""One picture with its labels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from training.data.synthetic.ground import background
from training.rendered.avatar import WIG, Avatar, Pose, PosedMesh
from training.rendered.camera import Camera
from training.rendered.contour import FaceFront, jaw_contour
from training.rendered.landmarks import JAW, SurfacePoints, landmark_points
from training.rendered.renderer import Drawing, Renderer, Surface
from training.rendered.scene import (
    HeadAngles,
    SceneSettings,
    random_angles,
    random_camera,
    random_lights,
    random_pose,
)
from training.rendered.shapes import PLAIN
from training.rendered.wear import glasses, hand, mask, thing
from training.rendered.wigs import Wig, other_hair

Array = NDArray[np.float64]

HIDDEN_METRES = 0.004
"""By how much a point may lie behind what is drawn there and still count as seen."""
BALD_FRACTION = 0.08
"""Of the pictures of people with a wig, in which they wear none."""
COVERS = {"glasses": 0.22, "mask": 0.07, "hand": 0.1, "thing": 0.06}
"""How often each covers a face."""
MAX_CUT_OFF = 0.45
"""Face sizes by which a point may lie outside the picture. Readers refuse labels half a face outside."""
LIPS_TO_TEETH = 0.0015
"""Metres by which the teeth are set back: on some heads they show through the lips."""


@dataclass(frozen=True, eq=False)
class RenderedFace:
    """A picture and what is known about it."""

    image: NDArray[np.uint8]
    """(S, S, 3) BGR."""
    surface: Array
    """(68, 2) pixels; the jaw fixed on the skin."""
    contour: Array
    """(68, 2) pixels; the jaw along the outline that is seen, the other points as in `surface`."""
    surface_visible: NDArray[np.bool_]
    """(68,) whether nothing hides the point and it lies inside the picture."""
    contour_visible: NDArray[np.bool_]
    """(68,) likewise."""
    angles: HeadAngles
    morphs: dict[str, float]
    covers: tuple[str, ...]


class Sitter:
    """An avatar whose textures a renderer holds."""

    def __init__(self, avatar: Avatar, renderer: Renderer, wigs: Sequence[Wig] = ()) -> None:
        self.avatar = avatar
        self.renderer = renderer
        self.wigs = wigs
        for number, image in enumerate(avatar.images):
            renderer.add_texture(self._texture(number), image)
        renderer.add_texture(PLAIN, np.full((4, 4, 3), 255, np.uint8))

    @cached_property
    def resting(self) -> Array:
        """(68, 3) landmarks of the resting head, world axes."""
        return self.points.on(self.avatar.posed(Pose())[0].positions)

    @cached_property
    def points(self) -> SurfacePoints:
        """The landmarks on the skin."""
        return landmark_points(self.avatar.skin, self.avatar.complexion)

    @cached_property
    def front(self) -> FaceFront:
        """The part of the skin that the jaw's outline bounds."""
        return FaceFront.of(self.avatar.skin)

    def close(self) -> None:
        """Give the textures back."""
        for number in range(len(self.avatar.images)):
            self.renderer.drop_texture(self._texture(number))

    def surface_of(self, posed: PosedMesh, wig_tint: tuple[float, float, float]) -> Surface:
        """A posed mesh as it is drawn."""
        name, mesh = posed.mesh.name.lower(), posed.mesh
        texture = PLAIN if mesh.texture is None else self._texture(mesh.texture)
        plain = Surface(posed.positions, posed.normals, mesh.uv, mesh.triangles, texture)
        if WIG in name:
            return replace(plain, tint=wig_tint, wrap=(0.3, 0.3, 0.3), gloss=0.25, sharpness=16.0)
        if "eye" in name:
            return replace(plain, gloss=0.9, sharpness=150.0)
        if "teeth" in name:
            return replace(plain, wrap=(0.2, 0.2, 0.2), gloss=0.5, sharpness=40.0)
        return replace(plain, wrap=(0.35, 0.18, 0.12), gloss=0.22, sharpness=14.0)

    def _texture(self, number: int) -> str:
        return f"{self.avatar.name}/{number}"


def draw_face(sitter: Sitter, settings: SceneSettings, rng: np.random.Generator) -> RenderedFace:
    """A random picture of a person; the same draws make the same picture."""
    angles = random_angles(rng, settings)
    pose = random_pose(rng, angles)
    meshes = sitter.avatar.posed(pose)
    points = sitter.points.on(meshes[0].positions)
    while True:
        camera = random_camera(rng, angles, pose.neck, points[17:].mean(axis=0), sitter.renderer.side)
        surface, contour = label(sitter, meshes[0], points, camera, pose)
        if cut_off(contour[:, :2], sitter.renderer.side) < MAX_CUT_OFF:
            break
    covers = tuple(name for name, odds in COVERS.items() if rng.random() < odds)
    surfaces = _person(sitter, meshes, pose, settings.other_hair, rng)
    surfaces += _covers(sitter, covers, pose, meshes[0], camera, rng=rng)
    drawing = sitter.renderer.draw(surfaces, camera, random_lights(rng, camera))
    return RenderedFace(
        before_ground(drawing, rng), surface[:, :2], contour[:, :2], visible(drawing, surface),
        visible(drawing, contour), angles, dict(pose.morphs), covers,
    )  # fmt: skip


def label(sitter: Sitter, skin: PosedMesh, points: Array, camera: Camera, pose: Pose) -> tuple[Array, Array]:
    """(68, 3) pixels and depth of the landmarks: fixed on the skin, and with the jaw along its outline.

    Args:
        sitter: with the face's front.
        skin: posed.
        points: (68, 3) in the world.
        camera: that sees them.
        pose: of the head.
    """
    surface = seen_by(camera, points)
    eyes = points[36:48].mean(axis=0)
    upright = camera.project(np.stack([eyes, eyes - 0.1 * pose.neck[:, 1]]))
    down = (upright[1] - upright[0]) / np.linalg.norm(upright[1] - upright[0])
    contour = surface.copy()
    jaw = list(JAW)
    contour[jaw] = jaw_contour(sitter.front, seen_by(camera, skin.positions), surface[jaw], down)
    return surface, contour


def cut_off(points: Array, side: int) -> float:
    """How far the farthest of some pixels (N, 2) lies outside a square picture, face sizes."""
    size = np.ptp(points, axis=0).max()
    return float(np.maximum(-0.5 - points, points - (side - 0.5)).max() / size)


def seen_by(camera: Camera, points: NDArray[np.floating]) -> Array:
    """(N, 3) pixels and depth of world points."""
    return np.column_stack([camera.project(points), camera.to_camera(points)[:, 2]])


def visible(drawing: Drawing, points: Array) -> NDArray[np.bool_]:
    """(N,) whether points (N, 3) of pixels and depth are inside the picture and nothing lies before them."""
    behind = points[:, 2] - drawing.depth_about(points[:, :2])
    # Outside the picture there is no depth, and comparing with NaN is False.
    return np.asarray(behind < HIDDEN_METRES)


def _person(
    sitter: Sitter, meshes: list[PosedMesh], pose: Pose, other_share: float, rng: np.random.Generator
) -> list[Surface]:
    """Skin, eyes, teeth and hair: the person's own, another's, or none."""
    bald = rng.random() < BALD_FRACTION
    tint = _hair_tint(rng)
    # No lot is drawn where nobody wears other hair: such requests keep their pictures.
    other = bool(sitter.wigs) and rng.random() < other_share
    shown = [mesh for mesh in meshes if not ((bald or other) and WIG in mesh.mesh.name.lower())]
    surfaces = [sitter.surface_of(_set_back(mesh, pose), tint) for mesh in shown]
    if other:
        wig = sitter.wigs[int(rng.integers(len(sitter.wigs)))]
        surfaces.append(other_hair(wig, sitter.resting, sitter.avatar.head_place(pose), tint, rng))
    return surfaces


def _hair_tint(rng: np.random.Generator) -> tuple[float, float, float]:
    """RGB, from grey to reddish."""
    brightness, warmth = float(rng.uniform(0.5, 2.2)), float(rng.uniform(0, 0.6))
    return brightness * (1 + warmth), brightness, brightness * (1 - 0.7 * warmth)


def _set_back(posed: PosedMesh, pose: Pose) -> PosedMesh:
    if "teeth" not in posed.mesh.name.lower():
        return posed
    backwards = (LIPS_TO_TEETH * pose.neck[:, 2]).astype(np.float32)
    return PosedMesh(posed.mesh, posed.positions - backwards, posed.normals)


def _covers(
    sitter: Sitter,
    names: tuple[str, ...],
    pose: Pose,
    skin: PosedMesh,
    camera: Camera,
    *,
    rng: np.random.Generator,
) -> list[Surface]:
    """What stands before the face."""
    place = sitter.avatar.head_place(pose)
    points = sitter.points.on(skin.positions)
    surfaces: list[Surface] = []
    if "glasses" in names:
        surfaces += glasses(sitter.resting, place, rng)
    if "mask" in names:
        surfaces += mask(skin, sitter.resting, place, rng)
    towards = camera.position - points[17:].mean(axis=0)
    towards /= np.linalg.norm(towards)
    outwards = towards + pose.neck[:, 2]
    outwards /= np.linalg.norm(outwards)
    target = points[int(rng.integers(len(points)))]
    if "hand" in names:
        look = sitter.surface_of(skin, (1.0, 1.0, 1.0))
        surfaces.append(hand(sitter.avatar, outwards, target, look, rng))
    if "thing" in names:
        surfaces.append(thing(towards, points[int(rng.integers(len(points)))], rng))
    return surfaces


def before_ground(drawing: Drawing, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(S, S, 3) BGR, the drawing before a drawn ground."""
    ground = background(rng, drawing.colour.shape[0]).astype(np.float32)
    alpha = drawing.colour[:, :, 3:].astype(np.float32) / 255
    mixed = drawing.colour[:, :, :3] + ground * (1 - alpha)
    return np.clip(mixed + 0.5, 0, 255).astype(np.uint8)

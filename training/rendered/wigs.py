"""Hair of other people, longer, fuller and curlier than in their files.

The heads that are trained on have two shapes of hair among them. A finder and a network that have seen
no other miss a turned face among other curls.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError
from training.rendered.avatar import WIG, Avatar, Matrix, Pose
from training.rendered.gltf import Mesh
from training.rendered.landmarks import landmark_points
from training.rendered.renderer import Renderer, Surface
from training.rendered.shapes import moved

Array = NDArray[np.float64]

EARS = [0, 16]
"""Landmarks at the ends of the jaw."""
FULLEST = (1.6, 1.25, 1.5)
"""Sideways, upwards, forwards: by how much the hair stands farther from the middle of the head."""
SHORTEST, LONGEST = 0.6, 1.7
"""Factors of what hangs below the ears."""
FARTHEST_FORWARD = 0.025
"""Metres by which hair falls over the face."""
CURLS = 6
"""Waves that bend the hair, as long as a finger is thick to as long as a hand is wide."""
CURL_METRES = (0.012, 0.08)
CURL_DEPTH = 0.22
"""Of a wave's length, at most."""
DARKNESS = (0.25, 1.0)
"""Factors of the tint: black hair before dark skin shows no edge."""


@dataclass(frozen=True, eq=False)
class Wig:
    """Hair as it lies on its owner's resting head."""

    mesh: Mesh
    positions: NDArray[np.float32]
    """(V, 3) metres, world axes."""
    normals: NDArray[np.float32]
    """(V, 3)."""
    owner: Array
    """(68, 3) landmarks of the owner."""
    texture: str
    """Name by which the renderer knows it."""


def wigs_of(heads: Iterable[Path], renderer: Renderer) -> list[Wig]:
    """One wig of each shape that some heads wear, its texture given to the renderer.

    Raises:
        BadInputError: a head is damaged, or nobody wears a wig.
    """
    wigs: dict[int, Wig] = {}
    for avatar in map(Avatar, heads):
        skin, *others = avatar.posed(Pose())
        for worn in others:
            size = len(worn.mesh.positions)
            if WIG not in worn.mesh.name.lower() or worn.mesh.texture is None or size in wigs:
                continue
            texture = f"wig of {size} vertices"
            renderer.add_texture(texture, avatar.images[worn.mesh.texture])
            owner = landmark_points(avatar.skin, avatar.complexion).on(skin.positions)
            wigs[size] = Wig(worn.mesh, worn.positions, worn.normals, owner, texture)
    if not wigs:
        raise BadInputError("none of the heads wears a wig that others could: leave out --other-hair")
    return list(wigs.values())


def other_hair(
    wig: Wig, wearer: Array, place: Matrix, tint: tuple[float, float, float], rng: np.random.Generator
) -> Surface:
    """A wig on a head, grown at random.

    Args:
        wig: to wear.
        wearer: (68, 3) landmarks of the wearer's resting head, world axes.
        place: (4, 4) from the resting head to where it is.
        tint: of the hair at its brightest, RGB.
        rng: draws how full, long, curly, dark and smooth it is.
    """
    positions = moved(grown(wig, wearer, rng), place)
    red, green, blue = (float(value) for value in np.array(tint) * rng.uniform(*DARKNESS))
    return Surface(
        positions=positions.astype(np.float32),
        normals=(wig.normals @ place[:3, :3].T).astype(np.float32),
        uv=wig.mesh.uv,
        triangles=wig.mesh.triangles,
        texture=wig.texture,
        tint=(red, green, blue),
        wrap=(0.3, 0.3, 0.3),
        gloss=float(rng.uniform(0, 0.4)),
        sharpness=float(rng.uniform(6, 30)),
    )


def grown(wig: Wig, wearer: Array, rng: np.random.Generator) -> Array:
    """(V, 3) a wig about a resting head with landmarks (68, 3): of its size, fuller, longer and curlier."""
    ears, face = wearer[EARS].mean(axis=0), wearer[17:].mean(axis=0)
    size = np.ptp(wearer, axis=0).max() / np.ptp(wig.owner, axis=0).max()
    hair = (wig.positions - wig.owner[EARS].mean(axis=0)) * size
    hair *= 1 + rng.uniform(0, 1, 3) ** 2 * (np.array(FULLEST) - 1)
    below = hair[:, 1] < 0
    hair[below, 1] *= rng.uniform(SHORTEST, LONGEST)
    hair += rng.uniform(0, FARTHEST_FORWARD) * (face - ears) / np.linalg.norm(face - ears)
    curly = rng.uniform(0, 1)
    return np.asarray(ears + hair + curly * curls(hair, rng), np.float64)


def curls(points: Array, rng: np.random.Generator) -> Array:
    """(V, 3) metres by which waves that run through space bend points (V, 3)."""
    bent = np.zeros_like(points)
    for length in np.geomspace(*CURL_METRES, CURLS):
        run, swing = rng.normal(0, 1, (2, 3))
        phase = points @ run * (2 * np.pi / length / np.linalg.norm(run)) + rng.uniform(0, 2 * np.pi)
        bent += rng.uniform(0, CURL_DEPTH) * length * np.sin(phase)[:, None] * swing / np.linalg.norm(swing)
    return bent

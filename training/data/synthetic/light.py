"""Shading of the head: a lamp, ambient light, and a little specular reflection."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Light:
    """One lamp and ambient light; colours are BGR gains."""

    direction: NDArray[np.float64]
    """(3,) unit vector towards the lamp, camera axes."""
    lamp: NDArray[np.float64]
    """(3,) gain of a surface that faces the lamp."""
    ambient: NDArray[np.float64]
    """(3,) gain from all directions, a little more from above."""
    shine: float
    """Strength of the skin's specular highlight."""
    exposure: float
    """Mean gain of a surface that faces the camera."""


def sample_light(rng: np.random.Generator) -> Light:
    """Random light, mostly from above and in front, slightly coloured, soft to hard, dim to bright."""
    azimuth, height = rng.normal(0, 0.8), rng.normal(0.5, 0.45)
    direction = np.array(
        [np.sin(azimuth) * np.cos(height), -np.sin(height), abs(np.cos(azimuth) * np.cos(height)) + 0.15]
    )
    warm = rng.normal(0, 0.09)
    tint = np.array([1 - warm, 1 + rng.normal(0, 0.02), 1 + warm])
    hardness = rng.uniform(0.15, 0.75)
    return Light(
        direction=direction / np.linalg.norm(direction),
        lamp=hardness * tint,
        ambient=(1 - hardness) * (1 + rng.normal(0, 0.04, 3)),
        shine=rng.uniform(0.0, 0.35),
        exposure=float(np.clip(rng.normal(0.95, 0.2), 0.6, 1.4)),
    )


def _gains(normals: NDArray[np.floating], light: Light) -> NDArray[np.float64]:
    facing = normals @ light.direction
    # Light wraps a little around the edge, as from a lamp of some size.
    lit = np.maximum(facing + 0.15, 0) / 1.15
    halfway = light.direction + np.array([0, 0, 1])
    highlight = light.shine * np.maximum(normals @ (halfway / np.linalg.norm(halfway)), 0) ** 22
    around = 0.85 - 0.25 * normals[..., 1]
    return (lit + highlight)[..., None] * light.lamp + around[..., None] * light.ambient


def shade(normals: NDArray[np.floating], light: Light) -> NDArray[np.float64]:
    """(..., 3) BGR gains of the surface's colour, from (..., 3) unit normals in camera axes."""
    frontal = _gains(np.array([0.0, 0.0, 1.0]), light).mean()
    return _gains(normals, light) * (light.exposure / frontal)


def grid_normals(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """(R, C, 3) outward unit normals of a grid of (R, C, 3) points, rows downwards, columns rightwards."""
    across = np.empty_like(points)
    across[:, 1:-1] = points[:, 2:] - points[:, :-2]
    across[:, 0], across[:, -1] = points[:, 1] - points[:, 0], points[:, -1] - points[:, -2]
    down = np.empty_like(points)
    down[1:-1] = points[2:] - points[:-2]
    down[0], down[-1] = points[1] - points[0], points[-1] - points[-2]
    # z points at the camera and y down, so the product in this order points outward.
    normals = np.stack(
        [
            across[..., 1] * down[..., 2] - across[..., 2] * down[..., 1],
            across[..., 2] * down[..., 0] - across[..., 0] * down[..., 2],
            across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0],
        ],
        axis=-1,
    )
    length = np.sqrt(np.einsum("rcx,rcx->rc", normals, normals))
    return normals / np.maximum(length, 1e-9)[..., None]

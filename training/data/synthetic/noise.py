"""Fast noise: few random numbers, upsampled, or random bytes."""

import cv2
import numpy as np
from numpy.typing import NDArray


def smooth_noise(
    rng: np.random.Generator, shape_hw: tuple[int, int], cells_hw: tuple[int, int], channels: int = 1
) -> NDArray[np.float32]:
    """(H, W) or (H, W, channels) smooth noise of about -1 to 1 with `cells_hw` cells down and across."""
    small = rng.uniform(-1, 1, (*cells_hw, channels)).astype(np.float32)
    return np.asarray(cv2.resize(small, shape_hw[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def speckle(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Independent, uniformly distributed bytes."""
    return np.frombuffer(rng.bytes(int(np.prod(shape))), np.uint8).reshape(shape)


def add_grain(image: NDArray[np.uint8], rng: np.random.Generator, strength: float) -> None:
    """Add noise of up to `strength` grey levels either way, in place."""
    gain = strength / 127.5
    cv2.addWeighted(image, 1.0, speckle(rng, image.shape), gain, -strength, dst=image)

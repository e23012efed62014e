"""Simulation of a cheap camera, applied to a crop of a face.

A crop is assumed to show CAMERA_SIDE pixels of the camera's frame: a face about 100 pixels wide in 640x480, a
person at arm's length from the camera of a Raspberry Pi. The steps follow the path of the light: objects over
the face, a smeared lens, motion during the exposure, flickering lamps under a rolling shutter, too little
light, and JPEG compression.
"""

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.landmarks import ibug_68

Image = NDArray[np.uint8]
Points = NDArray[np.floating]

CAMERA_SIDE = 128
"""Pixels of the camera's frame that a crop shows, whatever size the network takes."""

PROBABILITY = 0.5
"""Of each fault of the camera, and of an object over the face."""

JAW = slice(2, 15)
NOSE_RIDGE = 28
EYES = (slice(36, 42), slice(42, 48))


def _polygon(image: Image, corners: Points, colour: NDArray[np.integer], opacity: float = 1.0) -> Image:
    """Fill a polygon (N, 2) with a soft edge."""
    cover = np.zeros(image.shape[:2], np.float32)
    cv2.fillPoly(cover, [np.rint(corners).astype(np.int32)], (1.0,))
    cover = cv2.GaussianBlur(cover, (3, 3), 0)[:, :, None] * opacity
    return (image * (1 - cover) + colour * cover).astype(np.uint8)


def cover_by_mask(image: Image, landmarks: Points, rng: np.random.Generator) -> Image:
    """Draw a medical mask, from the ridge of the nose to below the chin."""
    colour = np.array([(200, 180, 150), (235, 235, 235), (30, 30, 30)][rng.integers(3)])
    return _polygon(image, np.vstack([landmarks[JAW], landmarks[NOSE_RIDGE]]), colour)


def cover_by_glasses(image: Image, landmarks: Points, rng: np.random.Generator) -> Image:
    """Draw glasses with rims and a bridge; half of them are sunglasses."""
    opacity = 0.9 if rng.random() < PROBABILITY else 0.15
    image, colour = image.copy(), tuple(int(value) for value in rng.integers(0, 90, 3))
    centres = [landmarks[eye].mean(axis=0) for eye in EYES]
    eye_distance = float(np.linalg.norm(centres[1] - centres[0]))
    angles = np.arange(0, 2 * math.pi, 0.2)
    thickness = max(1, round(eye_distance / 22))
    for centre in centres:
        ring = centre + eye_distance * np.stack([0.38 * np.cos(angles), 0.3 * np.sin(angles)], axis=1)
        image = _polygon(image, ring, np.array(colour), opacity)
        cv2.polylines(image, [np.rint(ring).astype(np.int32)], True, colour, thickness)
    ends = [tuple(int(value) for value in np.rint(centre)) for centre in centres]
    inner = [np.rint(np.array(ends[a]) * 0.6 + np.array(ends[1 - a]) * 0.4).astype(int) for a in (0, 1)]
    cv2.line(image, inner[0].tolist(), inner[1].tolist(), colour, thickness)
    return image


def cover_by_hand(image: Image, landmarks: Points, rng: np.random.Generator) -> Image:
    """Draw a hand, palm and four fingers in the colour of the face, over one side of its lower half."""
    face_side = float(np.ptp(landmarks, axis=0).max())
    skin = np.median(
        image[tuple(np.clip(np.rint(landmarks[29:34, ::-1]).astype(int), 0, len(image) - 1).T)], 0
    )
    colour = np.clip(skin * rng.uniform(0.7, 1.05), 0, 255).astype(int).tolist()
    wrist = landmarks[rng.choice([3, 6, 8, 10, 13])] + rng.normal(0, 0.06 * face_side, 2)
    upward = math.atan2(*(landmarks[30] - wrist)[::-1]) + rng.normal(0, 0.3)
    covered = image.copy()
    cv2.circle(covered, np.rint(wrist).astype(int).tolist(), round(0.2 * face_side), colour, -1)
    for spread in (-0.5, -0.17, 0.17, 0.5):
        direction = np.array([math.cos(upward + spread), math.sin(upward + spread)])
        tip = wrist + direction * face_side * rng.uniform(0.32, 0.42)
        ends = [np.rint(end).astype(int).tolist() for end in (wrist, tip)]
        cv2.line(covered, ends[0], ends[1], colour, max(2, round(0.09 * face_side)))
    return covered


COVERS: tuple[Callable[[Image, Points, np.random.Generator], Image], ...] = (
    cover_by_mask,
    cover_by_glasses,
    cover_by_hand,
)
"""Objects that may cover a face."""


def smear(image: Image, rng: np.random.Generator) -> Image:
    """Simulate grease on the lens, which scatters part of the light widely and lowers the contrast."""
    scattered = cv2.GaussianBlur(image, (0, 0), rng.uniform(4, 9))
    alpha = rng.uniform(0.25, 0.6)
    return np.asarray(cv2.addWeighted(image, 1 - alpha, scattered, alpha, rng.uniform(0, 20)), np.uint8)


def blur_by_motion(image: Image, rng: np.random.Generator) -> Image:
    """Simulate a straight motion of up to 8 pixels during the exposure."""
    length, angle = rng.uniform(2, 8), rng.uniform(0, math.pi)
    kernel = np.zeros((11, 11), np.float32)
    for step in np.linspace(-0.5, 0.5, 33) * length:
        x, y = 5 + step * math.cos(angle), 5 + step * math.sin(angle)
        kernel[round(y), round(x)] += 1
    blurred = cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.uint8)


def add_flicker(image: Image, rng: np.random.Generator) -> Image:
    """Add the bands that a lamp flickering with the mains leaves under a rolling shutter."""
    rows = np.arange(len(image))
    phase = 2 * math.pi * (rows / rng.uniform(25, 80) + rng.random())
    gain = 1 + rng.uniform(0.1, 0.3) * np.sin(phase)
    return np.clip(image * gain[:, None, None], 0, 255).astype(np.uint8)


def darken(image: Image, rng: np.random.Generator) -> Image:
    """Simulate little light: shot and read noise, amplified to a quarter to all of the brightness."""
    light, full_well = rng.uniform(0.1, 0.5), 400.0
    electrons = rng.poisson(image / 255 * light * full_well) + rng.normal(0, 3, image.shape)
    amplified = electrons / full_well * 255 / light * rng.uniform(0.25, 1.0)
    return np.clip(amplified, 0, 255).astype(np.uint8)


FAULTS: tuple[Callable[[Image, np.random.Generator], Image], ...] = (
    smear,
    blur_by_motion,
    add_flicker,
    darken,
)
"""Faults of the camera, in the order of the light's path."""


def compress(image: Image, rng: np.random.Generator) -> Image:
    """Compress and decompress as JPEG of low quality."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 60))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def photograph(crop: Image, landmarks_crop: Points, rng: np.random.Generator) -> Image:
    """A crop as a cheap camera would have taken it.

    Args:
        crop: (S, S, 3) uint8 BGR.
        landmarks_crop: (68, 2) true landmarks, crop pixels: where a mask or glasses would sit.

    Returns:
        (S, S, 3) uint8 BGR, resampled from CAMERA_SIDE pixels.
    """
    side, factor = len(crop), CAMERA_SIDE / len(crop)
    if side != CAMERA_SIDE:
        crop = _resized(crop, CAMERA_SIDE)
    landmarks = (landmarks_crop + 0.5) * factor - 0.5
    if len(landmarks) == ibug_68.count and rng.random() < PROBABILITY:
        crop = COVERS[rng.integers(len(COVERS))](crop, landmarks, rng)
    for fault in FAULTS:
        if rng.random() < PROBABILITY:
            crop = fault(crop, rng)
    taken = compress(crop, rng)
    return taken if side == CAMERA_SIDE else _resized(taken, side)


def photographs(crops: Image, landmarks_crop: Points, rng: np.random.Generator) -> Image:
    """Photograph crops (N, S, S, 3) with landmarks (N, 68, 2) one after the other."""
    return np.stack(
        [photograph(crop, points, rng) for crop, points in zip(crops, landmarks_crop, strict=True)]
    )


def _resized(image: Image, side: int) -> Image:
    interpolation = cv2.INTER_AREA if side < len(image) else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (side, side), interpolation=interpolation), np.uint8)

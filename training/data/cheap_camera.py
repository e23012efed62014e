"""What a cheap camera and the world in front of it do to a crop of a face.

A crop is taken to show CAMERA_SIDE pixels of the picture, as for a face about 100 pixels wide in a 640x480
picture: a person at arm's length from a Pi's camera. The order is that of the light's way: what covers the
face, the smeared lens, movement while the shutter is open, lamps that flicker while the rows are read one
after the other, too little light, and the compression.
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
"""Pixels of the camera's own picture that a crop shows, whatever the network makes of it."""

SHARE = 0.5
"""Of the crops that each fault of the camera befalls; something covers `SHARE` of the faces, too."""

JAW = slice(2, 15)
NOSE_RIDGE = 28
EYES = (slice(36, 42), slice(42, 48))


def _polygon(image: Image, corners: Points, colour: NDArray[np.integer], opacity: float = 1.0) -> Image:
    """A filled polygon (N, 2) with a soft edge, laid over the picture."""
    cover = np.zeros(image.shape[:2], np.float32)
    cv2.fillPoly(cover, [np.rint(corners).astype(np.int32)], (1.0,))
    cover = cv2.GaussianBlur(cover, (3, 3), 0)[:, :, None] * opacity
    return (image * (1 - cover) + colour * cover).astype(np.uint8)


def cover_by_mask(image: Image, landmarks: Points, rng: np.random.Generator) -> Image:
    """A medical mask, from the ridge of the nose to below the chin."""
    colour = np.array([(200, 180, 150), (235, 235, 235), (30, 30, 30)][rng.integers(3)])
    return _polygon(image, np.vstack([landmarks[JAW], landmarks[NOSE_RIDGE]]), colour)


def cover_by_glasses(image: Image, landmarks: Points, rng: np.random.Generator) -> Image:
    """Two lenses with rims and a bridge; half of them dark."""
    opacity = 0.9 if rng.random() < SHARE else 0.15
    image, colour = image.copy(), tuple(int(value) for value in rng.integers(0, 90, 3))
    middles = [landmarks[eye].mean(axis=0) for eye in EYES]
    apart = float(np.linalg.norm(middles[1] - middles[0]))
    turn = np.arange(0, 2 * math.pi, 0.2)
    for middle in middles:
        ring = middle + apart * np.stack([0.38 * np.cos(turn), 0.3 * np.sin(turn)], axis=1)
        image = _polygon(image, ring, np.array(colour), opacity)
        cv2.polylines(image, [np.rint(ring).astype(np.int32)], True, colour, max(1, round(apart / 22)))
    ends = [tuple(int(value) for value in np.rint(middle)) for middle in middles]
    inner = [np.rint(np.array(ends[a]) * 0.6 + np.array(ends[1 - a]) * 0.4).astype(int) for a in (0, 1)]
    cv2.line(image, inner[0].tolist(), inner[1].tolist(), colour, max(1, round(apart / 22)))
    return image


def cover_by_hand(image: Image, landmarks: Points, rng: np.random.Generator) -> Image:
    """A hand of the face's own colour before one side of its lower half: a palm and four fingers."""
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
        way = np.array([math.cos(upward + spread), math.sin(upward + spread)])
        tip = wrist + way * face_side * rng.uniform(0.32, 0.42)
        ends = [np.rint(end).astype(int).tolist() for end in (wrist, tip)]
        cv2.line(covered, ends[0], ends[1], colour, max(2, round(0.09 * face_side)))
    return covered


COVERS: tuple[Callable[[Image, Points, np.random.Generator], Image], ...] = (
    cover_by_mask,
    cover_by_glasses,
    cover_by_hand,
)
"""What may be before a face."""


def smear(image: Image, rng: np.random.Generator) -> Image:
    """A finger's grease on the lens: part of the light is scattered widely, which greys the picture."""
    veil = cv2.GaussianBlur(image, (0, 0), rng.uniform(4, 9))
    share = rng.uniform(0.25, 0.6)
    return np.asarray(cv2.addWeighted(image, 1 - share, veil, share, rng.uniform(0, 20)), np.uint8)


def blur_by_motion(image: Image, rng: np.random.Generator) -> Image:
    """A straight movement of up to 8 pixels while the shutter is open."""
    length, angle = rng.uniform(2, 8), rng.uniform(0, math.pi)
    kernel = np.zeros((11, 11), np.float32)
    for step in np.linspace(-0.5, 0.5, 33) * length:
        x, y = 5 + step * math.cos(angle), 5 + step * math.sin(angle)
        kernel[round(y), round(x)] += 1
    blurred = cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.uint8)


def expose_by_rows(image: Image, rng: np.random.Generator) -> Image:
    """Bands of a lamp that flickers at the mains while a rolling shutter reads row after row."""
    rows = np.arange(len(image))
    phase = 2 * math.pi * (rows / rng.uniform(25, 80) + rng.random())
    gain = 1 + rng.uniform(0.1, 0.3) * np.sin(phase)
    return np.clip(image * gain[:, None, None], 0, 255).astype(np.uint8)


def darken(image: Image, rng: np.random.Generator) -> Image:
    """Little light: shot and read noise, lifted by a gain that leaves a quarter to all of the brightness."""
    light, full_well = rng.uniform(0.1, 0.5), 400.0
    electrons = rng.poisson(image / 255 * light * full_well) + rng.normal(0, 3, image.shape)
    lifted = electrons / full_well * 255 / light * rng.uniform(0.25, 1.0)
    return np.clip(lifted, 0, 255).astype(np.uint8)


FAULTS: tuple[Callable[[Image, np.random.Generator], Image], ...] = (
    smear,
    blur_by_motion,
    expose_by_rows,
    darken,
)
"""The camera's, in the order of the light's way."""


def compress(image: Image, rng: np.random.Generator) -> Image:
    """A cheap encoder's JPEG."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 60))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def photograph(crop: Image, landmarks_crop: Points, rng: np.random.Generator) -> Image:
    """A crop as a cheap camera would have given it.

    Args:
        crop: (S, S, 3) uint8 BGR.
        landmarks_crop: (68, 2) true landmarks, crop pixels: where a mask or glasses would sit.
        rng: decides what happens to it.

    Returns:
        (S, S, 3): the camera's CAMERA_SIDE pixels resampled to the crop's.
    """
    side, factor = len(crop), CAMERA_SIDE / len(crop)
    if side != CAMERA_SIDE:
        crop = _resized(crop, CAMERA_SIDE)
    landmarks = (landmarks_crop + 0.5) * factor - 0.5
    if len(landmarks) == ibug_68.count and rng.random() < SHARE:
        crop = COVERS[rng.integers(len(COVERS))](crop, landmarks, rng)
    for fault in FAULTS:
        if rng.random() < SHARE:
            crop = fault(crop, rng)
    taken = compress(crop, rng)
    return taken if side == CAMERA_SIDE else _resized(taken, side)


def photographs(crops: Image, landmarks_crop: Points, rng: np.random.Generator) -> Image:
    """Crops (N, S, S, 3) with their landmarks (N, 68, 2), each photographed, one draw after the other."""
    return np.stack(
        [photograph(crop, points, rng) for crop, points in zip(crops, landmarks_crop, strict=True)]
    )


def _resized(image: Image, side: int) -> Image:
    way = cv2.INTER_AREA if side < len(image) else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (side, side), interpolation=way), np.uint8)

"""The drawn face of the demo camera: one person of `training.data.synthetic`, chosen by hand.

`python -m training.data.demo_face` writes it to where the device reads it, `device/assets/demo_face.jpg`,
with the face at the place that the demo camera's path is laid out on. It is drawn from formulas alone, so it
may be shipped anywhere.
"""

import sys

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract.errors import run_program
from device.contract.exit_codes import ExitCode
from device.contract.files import write_whole_bytes
from device.sources.demo_path import FACE_BOX, SIDE
from device.sources.demo_picture import DRAWN_FACE, DRAWN_SCALE
from training.data.synthetic.camera import aim_camera, turn_of
from training.data.synthetic.draw import draw_person
from training.data.synthetic.head.head import Head
from training.data.synthetic.light import Light
from training.data.synthetic.looks import Beard, Colour, Glasses, Hair, Looks
from training.data.synthetic.scene import Scene
from training.data.synthetic.traits import Expression, Identity, Pose

_OVERSAMPLING = 3
"""Drawn pixels a side for each pixel of the file: smooths the edges of the triangles."""

_JPEG_QUALITY = 85

_SEED = 5
"""Of the strands of hair and the grain of skin and cloth."""


def _bgr(red: float, green: float, blue: float) -> Colour:
    return np.array([blue, green, red], np.float64)


IDENTITY = Identity(
    half_width=7.1, chin=11.0, jaw_half_width=5.2, jaw_lift=4.8, chin_boxiness=1.75, eye_width=3.1,
    eye_height=1.2, nose_half_width=1.6, nose_push=2.1, upper_lip=0.8, lower_lip=1.0, brow_height=2.1,
    brow_arch=0.55,
)  # fmt: skip

EXPRESSION = Expression(mouth_gap=0.35, smile=(0.75, 0.75), brow_raise=(0.2, 0.2))

LOOKS = Looks(
    skin=_bgr(214, 160, 124), hair=_bgr(52, 34, 26), hair_style=Hair.SHORT, hairline=-6.3, hair_swell=1.1,
    parting=0.35, iris=_bgr(88, 64, 36), brow=_bgr(48, 32, 24), brow_width=0.27, lips=_bgr(188, 104, 94),
    lip_cover=0.75, lash_width=0.16, eye_shadow=np.zeros(3), blush=0.06, wrinkles=0.15, beard=Beard.NONE,
    glasses=Glasses.NONE, rim=_bgr(20, 20, 20), clothes=_bgr(44, 92, 120),
)  # fmt: skip

POSE = Pose(yaw=0.1)

_TOWARDS_LAMP = np.array([-0.45, -0.55, 0.75])

LIGHT = Light(
    direction=_TOWARDS_LAMP / np.linalg.norm(_TOWARDS_LAMP),
    lamp=0.5 * np.array([0.96, 1.0, 1.05]),
    ambient=0.5 * np.array([1.03, 1.0, 0.98]),
    shine=0.12,
    exposure=1.0,
)


def _wall(side: int) -> NDArray[np.uint8]:
    """(side, side, 3) BGR a wall, brightest around the head."""
    across, down = np.meshgrid(np.linspace(0, 1, side), np.linspace(0, 1, side))
    head_x, head_y = (coordinate / SIDE for coordinate in FACE_BOX.centre_xy)
    distance = np.minimum(np.hypot(across - head_x, down - head_y) / 0.75, 1.0)[..., None]
    return (_bgr(226, 222, 214) * (1 - distance) + _bgr(120, 134, 146) * distance).astype(np.uint8)


def draw_demo_face() -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The picture, and its landmarks.

    Returns:
        (SIDE * DRAWN_SCALE, SIDE * DRAWN_SCALE, 3) uint8 BGR, and (68, 2) the drawn landmarks, scheme
        ibug_68, in pixels of the picture reduced to SIDE.
    """
    side = SIDE * DRAWN_SCALE
    drawn = side * _OVERSAMPLING
    head, factor = Head(IDENTITY, EXPRESSION), drawn / SIDE
    landmarks = head.landmarks(turn_of(POSE))
    x, y = ((coordinate + 0.5) * factor - 0.5 for coordinate in FACE_BOX.centre_xy)
    camera = aim_camera(POSE, landmarks, FACE_BOX.longest_side * factor, (x, y))
    image = _wall(drawn)
    draw_person(image, Scene(head, LOOKS, LIGHT, camera), np.random.default_rng(_SEED))
    reduced = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(reduced, np.uint8), (camera.project(landmarks)[:, :2] + 0.5) / factor - 0.5


def main() -> int:
    """Draw the face and write it to where the device reads it."""
    _, data = cv2.imencode(".jpg", draw_demo_face()[0], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    write_whole_bytes(DRAWN_FACE, data.tobytes())
    print(f"{DRAWN_FACE}: {len(data)} bytes")
    return int(ExitCode.DONE)


if __name__ == "__main__":
    sys.exit(run_program(main))

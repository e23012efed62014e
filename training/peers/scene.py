"""The frame that is timed and started on: 640 x 480 pixels of the demo, one face."""

import numpy as np

from device.contract.geometry import Box, Image
from device.sources.demo_path import FACE_BOX, DemoPath
from device.sources.demo_picture import demo_face
from device.tracking.crop import crop_image


def demo_scene() -> tuple[Image, Box]:
    """The frame and the box of its face's landmarks."""
    place = DemoPath().photo_to_frame(0)
    corners = np.array([FACE_BOX.xyxy[:2], FACE_BOX.xyxy[2:]])
    return crop_image(demo_face(), place), Box.around(place.frame_to_crop(corners))

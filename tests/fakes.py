"""Short stand-ins for what a test machine lacks; each says what it pretends."""

import time

import numpy as np

from device.contract.codec import HeatmapCodec
from device.contract.geometry import Box, CropTransform
from device.contract.manifest import CodecRule, CropRule, ModelManifest
from device.contract.tensors import TensorSpec
from device.finders.finder import FoundFace
from device.inference.network import Decoded
from device.sources.frame import Frame
from device.support.condition import Condition

SIDE = 64
CODEC = HeatmapCodec((16, 16), 4.0)

FAKE_MANIFEST = ModelManifest(
    name="fake",
    file="fake.tflite",
    sha256="f" * 64,
    scheme="ibug_68",
    crop=CropRule(1.3, (SIDE, SIDE)),
    input=TensorSpec("image", (1, SIDE, SIDE, 3), "int8", 1 / 128, 0),
    pixel_offset=128,
    landmarks_output=TensorSpec("heatmap", (1, 16, 16, 68), "int8", 0.1, 0),
    presence=TensorSpec("presence", (1, 1), "int8", 0.1, 0),
    codec=CodecRule("softmax_expectation", 4.0, 6.0),
)

FACE_SHAPE = np.random.default_rng(5).uniform(-0.5, 0.5, (68, 2))
"""A face's 68 points about its middle, in box sides; eyes level."""
FACE_SHAPE[36:42] = [-0.3, -0.2]
FACE_SHAPE[42:48] = [0.3, -0.2]
FACE_SHAPE[0], FACE_SHAPE[16], FACE_SHAPE[8] = [-0.5, -0.5], [0.5, -0.5], [0.0, 0.5]

INK = 255
"""Brightness of a drawn face."""


def draw_square_face(image, centre_xy, side):
    """Paint a bright square; the fake network takes it for a face of FACE_SHAPE."""
    box = Box.centred(centre_xy, (side, side))
    low_x, low_y, high_x, high_y = (round(value) for value in box.xyxy)
    image[max(low_y, 0) : max(high_y + 1, 0), max(low_x, 0) : max(high_x + 1, 0)] = INK
    return image


class FakeNetwork:
    """Sees bright squares: landmarks follow the bright pixels of the crop, presence their number."""

    manifest = FAKE_MANIFEST

    def __init__(self):
        self.passes = 0

    def side_by_side(self, most):
        return [self]

    def infer(self, crop):
        assert crop.shape == (SIDE, SIDE, 3)
        self.passes += 1
        self._bright = crop[:, :, 0] > INK // 2

    def infer_drawn(self, draw):
        crop = np.empty((SIDE, SIDE, 3), np.uint8)
        draw(crop)
        self.infer(crop)

    def decode(self):
        rows, columns = np.nonzero(self._bright)
        seen = len(rows) / self._bright.size
        if len(rows) == 0:
            middle, size = np.array([SIDE / 2, SIDE / 2]), 1.0
        else:
            middle = np.array([columns.mean(), rows.mean()])
            size = np.sqrt(len(rows))
        landmarks = (FACE_SHAPE * size + middle).astype(np.float32)
        return Decoded(landmarks, np.full(68, 0.9, np.float32), min(seen / 0.3, 1.0))


class FakeFinder:
    """Gives the boxes it was told."""

    def __init__(self, *boxes):
        self.boxes = boxes
        self.searches = 0

    def find(self, image):
        self.searches += 1
        return [FoundFace(box, 0.9) for box in self.boxes]


class FakeSource:
    """Plays a list of frames."""

    def __init__(self, items, name="images", live=False):
        self.items, self.name, self.live, self.skipped = items, name, live, 0
        self.stuck = False
        self.length = len(items) if hasattr(items, "__len__") else None
        self.is_sequence = name != "images"
        self.closed = False

    def __iter__(self):
        for item in self.items:
            if self.closed:
                return
            yield item

    def close(self):
        self.closed = True


class ListSink:
    """Keeps every line."""

    condition = Condition()

    def __init__(self):
        self.messages, self.lines, self.closed = [], [], False

    def publish(self, message, line):
        self.messages.append(message)
        self.lines.append(line)

    def close(self):
        self.closed = True


def a_frame(image, sequence=0, name=None):
    return Frame(image, sequence, time.monotonic_ns(), name)


def crop_of(box):
    return CropTransform.for_box(box, FAKE_MANIFEST.crop.margin, (SIDE, SIDE))

"""Validation of a finder during training, on whole held-out pictures, letterboxed as on the device."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from device.contract.finder_codec import Candidates, FinderCodecRule, decode_maps
from device.contract.geometry import Box
from device.contract.letterbox import Letterbox
from device.finders.trained import letterbox_image
from training.data.crops import to_tensor
from training.data.pack import read_picture
from training.finder.pictures import Picture

MIN_IOU = 0.5
"""IoU with the labelled face from which it counts as found."""
GREEN, RED = (80, 220, 80), (60, 60, 230)
"""BGR colours of the labels and of the detections."""


@dataclass(frozen=True, eq=False)
class PictureSet:
    """Letterboxed pictures with their labelled faces."""

    inputs: NDArray[np.uint8]
    """(N, H, W, 3) BGR."""
    boxes: list[NDArray[np.float32]]
    """N of (F, 4) corners, input pixels."""
    sources: list[str]
    """N names of data sets; a picture of `ground` holds no face."""

    def __len__(self) -> int:
        """N."""
        return len(self.inputs)


def letterboxed(image: NDArray[np.uint8], input_wh: tuple[int, int]) -> tuple[NDArray[np.uint8], Letterbox]:
    """A picture as the finder's input, (H, W, 3), and how it was fitted into it."""
    letterbox = Letterbox.fit((image.shape[1], image.shape[0]), input_wh)
    shown = np.empty((input_wh[1], input_wh[0], 3), np.uint8)
    letterbox_image(image, letterbox, shown)
    return shown, letterbox


def make_picture_set(
    pictures: Sequence[Picture], grounds: Sequence[NDArray[np.uint8]], input_wh: tuple[int, int]
) -> PictureSet:
    """Labelled pictures, followed by pictures without a face.

    Raises:
        BadInputError: a picture cannot be read.
    """
    inputs, boxes = [], []
    for picture in pictures:
        shown, letterbox = letterboxed(read_picture(picture.path), input_wh)
        corners = [Box.around(letterbox.to_input(points)).xyxy for points in picture.landmarks]
        inputs.append(shown)
        boxes.append(np.array(corners, np.float32).reshape(-1, 4))
    inputs += [letterboxed(ground, input_wh)[0] for ground in grounds]
    boxes += [np.zeros((0, 4), np.float32)] * len(grounds)
    sources = [picture.source for picture in pictures] + ["ground"] * len(grounds)
    return PictureSet(np.stack(inputs), boxes, sources)


@torch.no_grad()
def find_in(
    model: nn.Module, inputs: NDArray[np.uint8], rule: FinderCodecRule, batch: int = 64
) -> list[Candidates]:
    """Faces in (N, H, W, 3) inputs. Leaves the model in evaluation mode."""
    device = next(model.parameters()).device
    model.eval()
    found: list[Candidates] = []
    for start in range(0, len(inputs), batch):
        maps = model(to_tensor(inputs[start : start + batch], device))
        score, box, points = (values.float().permute(0, 2, 3, 1).cpu().numpy() for values in maps)
        found += [decode_maps(*one, rule) for one in zip(score, box, points, strict=True)]
    return found


def is_found(box: NDArray[np.floating], faces: Candidates) -> bool:
    """Whether one of the faces has an IoU of at least `MIN_IOU` with the box."""
    true = Box(*map(float, box))
    return any(true.iou(Box(*map(float, other))) >= MIN_IOU for other in faces.boxes)


def miss_rates(model: nn.Module, pictures: PictureSet, rule: FinderCodecRule) -> dict[str, float]:
    """Fraction of labelled faces missed, by data set; under `ground`, of pictures with a false alarm."""
    outcomes: dict[str, list[bool]] = {}
    for faces, boxes, source in zip(
        find_in(model, pictures.inputs, rule), pictures.boxes, pictures.sources, strict=True
    ):
        if source == "ground":
            outcomes.setdefault(source, []).append(len(faces.scores) > 0)
        else:
            outcomes.setdefault(source, []).extend(not is_found(box, faces) for box in boxes)
    return {source: float(np.mean(missed)) for source, missed in outcomes.items()}


def draw_found(shown: NDArray[np.uint8], boxes: NDArray[np.floating], faces: Candidates) -> NDArray[np.uint8]:
    """An input with the labelled boxes in green, the detections and their points in red."""
    picture = shown.copy()
    for colour, corners in ((GREEN, boxes), (RED, faces.boxes)):
        for x_min, y_min, x_max, y_max in np.round(corners).astype(int).tolist():
            cv2.rectangle(picture, (x_min, y_min), (x_max, y_max), colour, 1)
    for x, y in np.round(faces.points.reshape(-1, 2)).astype(int).tolist():
        cv2.circle(picture, (x, y), 1, RED, -1)
    return picture

"""What a finder's figures are taken on while it trains: whole held-out pictures, as the device sees them."""

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
from training.data.pack import read_picture
from training.data.validation import to_tensor
from training.finder.pictures import Picture

LEAST_IOU = 0.5
"""Overlap with the labelled face from which on it counts as found."""
GREEN, RED = (80, 220, 80), (60, 60, 230)
"""BGR of the truth and of what was found."""


@dataclass(frozen=True, eq=False)
class PictureSet:
    """Letterboxed pictures with their labelled faces."""

    inputs: NDArray[np.uint8]
    """(N, H, W, 3) BGR."""
    boxes: list[NDArray[np.float32]]
    """N of (F, 4) corners, input pixels."""
    sources: list[str]
    """N sets; a picture of `ground` holds no face."""


def show(image: NDArray[np.uint8], input_wh: tuple[int, int]) -> tuple[NDArray[np.uint8], Letterbox]:
    """A picture as the finder's input, (H, W, 3), and where it lies there."""
    letterbox = Letterbox.fit((image.shape[1], image.shape[0]), input_wh)
    shown = np.empty((input_wh[1], input_wh[0], 3), np.uint8)
    letterbox_image(image, letterbox, shown)
    return shown, letterbox


def show_pictures(
    pictures: Sequence[Picture], grounds: Sequence[NDArray[np.uint8]], input_wh: tuple[int, int]
) -> PictureSet:
    """Labelled pictures, then faceless ones.

    Raises:
        BadInputError: a picture cannot be read.
    """
    inputs, boxes = [], []
    for picture in pictures:
        shown, letterbox = show(read_picture(picture.path), input_wh)
        corners = [Box.around(letterbox.to_input(points)).xyxy for points in picture.landmarks]
        inputs.append(shown)
        boxes.append(np.array(corners, np.float32).reshape(-1, 4))
    inputs += [show(ground, input_wh)[0] for ground in grounds]
    boxes += [np.zeros((0, 4), np.float32)] * len(grounds)
    sources = [picture.source for picture in pictures] + ["ground"] * len(grounds)
    return PictureSet(np.stack(inputs), boxes, sources)


@torch.no_grad()
def find_in(
    model: nn.Module, inputs: NDArray[np.uint8], rule: FinderCodecRule, batch: int = 64
) -> list[Candidates]:
    """Faces in (N, H, W, 3) inputs; the model is in evaluation mode afterwards."""
    device = next(model.parameters()).device
    model.eval()
    found: list[Candidates] = []
    for start in range(0, len(inputs), batch):
        maps = model(to_tensor(inputs[start : start + batch], device))
        score, box, points = (values.float().permute(0, 2, 3, 1).cpu().numpy() for values in maps)
        found += [decode_maps(*one, rule) for one in zip(score, box, points, strict=True)]
    return found


def is_found(box: NDArray[np.floating], faces: Candidates) -> bool:
    """Whether one of the faces overlaps the box enough."""
    true = Box(*map(float, box))
    return any(true.iou(Box(*map(float, other))) >= LEAST_IOU for other in faces.boxes)


def missed_shares(model: nn.Module, pictures: PictureSet, rule: FinderCodecRule) -> dict[str, float]:
    """Share of the labelled faces missed, by set; of ground: share of pictures with a false alarm."""
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
    """An input with true boxes in green, found ones and their points in red."""
    picture = shown.copy()
    for colour, corners in ((GREEN, boxes), (RED, faces.boxes)):
        for x_min, y_min, x_max, y_max in np.round(corners).astype(int).tolist():
            cv2.rectangle(picture, (x_min, y_min), (x_max, y_max), colour, 1)
    for x, y in np.round(faces.points.reshape(-1, 2)).astype(int).tolist():
        cv2.circle(picture, (x, y), 1, RED, -1)
    return picture

"""A run whose loss is a plain mean over the crops, so that sharing a batch out changes nothing but rounding.

Started by test_world.py, by itself or by torchrun.
"""

import dataclasses
import sys
from pathlib import Path

import torch
from torch import nn

from tests.training.engine.test_loop import SIDE, tiny_parts
from training.engine.loop import Loop
from training.engine.world import World
from training.models.decode import pixels_to_coordinates
from training.tasks import TaskResult


class TinyNet(nn.Module):
    """Coordinates from a convolution; no BatchNorm, whose mean is of each process's share."""

    codec = "coordinates"

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv2d(3, 8, 5, stride=4), nn.Linear(8, 136)

    def forward(self, image):
        pooled = self.first(image).relu().mean((2, 3))
        return self.last(pooled), pooled[:, :1]


class MeanTask:
    """Mean squared error over the crops."""

    extra = None

    def __init__(self, model):
        self.model = model

    def __call__(self, batch):
        found, _ = self.model(batch.image)
        wanted = pixels_to_coordinates(batch.landmarks, SIDE)
        loss = (found.float() - wanted).square().mean()
        return TaskResult(loss, {"square": loss})


def train(folder):
    parts = tiny_parts(folder)
    torch.manual_seed(0)
    model, average = TinyNet(), TinyNet()
    changed = {"model": model, "average": average, "task": MeanTask(model), "world": World()}
    # Every batch holds a face's crops alone: an even number of rows.
    Loop(dataclasses.replace(parts, **changed)).run()


if __name__ == "__main__":
    train(Path(sys.argv[1]))

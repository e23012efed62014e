"""Pictures of a run: curves, and predictions drawn on faces."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from torch import nn

from device.contract.files import write_whole
from device.contract.landmarks import LandmarkScheme
from device.contract.metrics import nme
from training.data.crops import CropSet
from training.data.drawing import draw_face, tile
from training.engine.validation import predict_crops

FIGURE_LABELS = {"nme": "NME, % of eye distance"}
"""Axis of each figure that a run may report."""


def draw_curves(rows: Sequence[dict[str, Any]], path: Path, figure_name: str = "nme") -> None:
    """The figure on the validation sets and every loss term, over images seen, as PNG."""
    # Slow to import, and only needed here.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    FigureCanvasAgg(figure)
    errors, losses = figure.subplots(1, 2)
    names = sorted({name for row in rows for name in row if name.startswith((f"{figure_name}_", "loss_"))})
    for name in names:
        points = [(row["images"], row[name]) for row in rows if name in row]
        images, values = zip(*points, strict=True)
        if not name.startswith("loss_"):
            errors.plot(images, [100 * value for value in values], label=name.removeprefix(f"{figure_name}_"))
        else:
            losses.plot(images, values, label=name.removeprefix("loss_"))
    errors.set(xlabel="images seen", ylabel=FIGURE_LABELS.get(figure_name, f"{figure_name}, %"), yscale="log")
    losses.set(xlabel="images seen", ylabel="term", yscale="log")
    for axes in (errors, losses):
        axes.grid(alpha=0.3, which="both")
        if axes.lines:
            axes.legend()
    write_whole(path, lambda beside: figure.savefig(beside, dpi=110))


def draw_ced(errors: dict[str, Sequence[float]], path: Path, limit: float = 0.1) -> None:
    """Cumulative error curves: the share of faces whose NME is at most e, up to `limit`, as PNG.

    Args:
        errors: NME of every face by model, fractions; infinite for a missed face, which lifts no curve.
        path: of the picture.
        limit: right end of the axis.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for name, values in errors.items():
        ordered = np.sort(values)
        shares = np.arange(1, len(ordered) + 1) / len(ordered)
        axes.step(100 * np.r_[0, ordered], 100 * np.r_[0, shares], where="post", label=name)
    axes.set(xlabel="NME, % of eye distance", ylabel="faces, %", xlim=(0, 100 * limit), ylim=(0, 100))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    write_whole(path, lambda beside: figure.savefig(beside, dpi=110))


def draw_predictions(
    model: nn.Module, crops: CropSet, scheme: LandmarkScheme, path: Path, count: int = 24
) -> None:
    """Faces spread evenly over the validation set, its worst third in the last rows, as PNG."""
    predicted = predict_crops(model, crops.crops)
    errors = [nme(found, true, scheme) for found, true in zip(predicted, crops.landmarks_crop, strict=True)]
    even = np.linspace(0, len(errors) - 1, min(count * 2 // 3, len(errors))).astype(int)
    worst = np.argsort(errors)[::-1][: count // 3]
    pictures = [
        draw_face(crops.crops[index], predicted[index], crops.landmarks_crop[index])
        for index in [*even, *worst]
    ]
    sheet = tile(pictures, columns=8)
    write_whole(path, lambda beside: cv2.imwrite(str(beside), sheet))

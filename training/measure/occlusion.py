"""How often a covered region is reported, and how often one that is not, on validation faces."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from device.checks.jitter.page import put_between
from device.contract.geometry import Box, CropTransform, Image
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.messages.signals import REGIONS
from device.signal.occlusion import COVERED, LANDMARKS_OF, relative_scores
from device.tracking.crop import crop_image
from training.data.sets import read_data_folder
from training.data.sets.picture import read_picture

SEED = 0

RIM_PX = 6
"""Margin of the cover around a region's landmarks, crop pixels."""

PAGE = Path(__file__).parents[2] / "device" / "signal" / "README.md"
BEGIN = "<!-- measured by `python -m training occlusion` -->"
END = "<!-- end of what is measured by occlusion -->"


@dataclass(frozen=True)
class ReportRates:
    """Of one region, fractions, each picture by itself."""

    covered: float
    """Of the faces on which it was covered, those where it was reported."""
    clear: float
    """Of the faces on which nothing was covered, those where it was reported."""


def cover(crop: Image, landmarks_crop: NDArray[np.floating], rng: np.random.Generator) -> Image:
    """A crop with something over some landmarks (N, 2): one colour, the face's own, or a coarse pattern."""
    covered, box = crop.copy(), Box.around(landmarks_crop)
    side = crop.shape[0]
    low = np.clip(np.floor([box.x_min - RIM_PX, box.y_min - RIM_PX]), 0, side - 1).astype(int)
    high = np.clip(np.ceil([box.x_max + RIM_PX, box.y_max + RIM_PX]), low + 1, side).astype(int)
    centre = crop[side // 3 : 2 * side // 3, side // 3 : 2 * side // 3].reshape(-1, 3)
    kinds = (
        rng.integers(0, 256, (1, 1, 3)),
        np.median(centre, axis=0)[None, None],
        rng.integers(0, 256, (4, 4, 3)),
    )
    kind = np.asarray(kinds[rng.integers(len(kinds))], np.uint8)
    width, height = int(high[0] - low[0]), int(high[1] - low[1])
    covered[low[1] : high[1], low[0] : high[0]] = cv2.resize(kind, (width, height)).reshape(height, width, 3)
    return covered


def _lower_half(landmarks: NDArray[np.floating]) -> NDArray[np.floating]:
    """The landmarks below their mean: a cover over the whole jaw would hide the face."""
    return landmarks[landmarks[:, 1] > landmarks[:, 1].mean()]


def measure_occlusion(model: str, data: Path) -> dict[str, ReportRates]:
    """Shares by region.

    Raises:
        UsageError: no such model.
        BadInputError: no data set there, or a damaged one.
    """
    network, rng = LandmarkNetwork(find_model(model)), np.random.default_rng(SEED)
    rule = network.manifest.crop

    def reported(crop: Image) -> NDArray[np.bool_]:
        network.infer(crop)
        return relative_scores(network.decode().landmark_scores) < COVERED

    clear, covered = [], []
    for sample in read_data_folder(data).validation:
        transform = CropTransform.for_box(Box.around(sample.landmarks), rule.margin, rule.size_wh)
        crop = crop_image(read_picture(sample.path), transform)
        landmarks = transform.frame_to_crop(sample.landmarks)
        clear.append(reported(crop))
        row = []
        for number, region in enumerate(REGIONS):
            part = landmarks[list(LANDMARKS_OF[region])]
            hidden = _lower_half(part) if region == "jaw" else part
            row.append(reported(cover(crop, hidden, rng))[number])
        covered.append(row)
    hits, alarms = np.mean(covered, axis=0), np.mean(clear, axis=0)
    return {
        region: ReportRates(float(hit), float(alarm))
        for region, hit, alarm in zip(REGIONS, hits, alarms, strict=True)
    }


def occlusion_table(measured: dict[str, ReportRates]) -> str:
    """Markdown."""
    rows = [
        f"| `{region}` | {100 * rates.covered:.0f} | {100 * rates.clear:.0f} |"
        for region, rates in measured.items()
    ]
    return "\n".join(
        ["| region | reported when covered % | reported when not covered % |", "| --- | --- | --- |", *rows]
    )


def write_occlusion(model: str, data: Path, page: Path = PAGE) -> str:
    """Measure and put the table into the page; gives the table."""
    table = occlusion_table(measure_occlusion(model, data))
    put_between(page, BEGIN, END, table)
    return table

"""The numbers that device/signal/ goes by, counted on training faces: mean face, rest, ranges, scores."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.contract.files import write_whole_bytes
from device.contract.geometry import Box, CropTransform
from device.contract.landmarks import ibug_68
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.messages.signals import REGIONS
from device.signal import mean_face, typical
from device.signal.expression import LEARNING_DEGREES
from device.signal.measures import MEASURE_NAMES, measure
from device.signal.occlusion import region_scores
from device.signal.pose import HeadPose, intrinsics_of
from device.tracking.crop import crop_image
from training.data.poses import with_mirror_images
from training.data.sets import Sample, read_data_folder
from training.data.sets.picture import read_picture
from training.export.mean_face import write_mean_face


def _other_side(name: str) -> str:
    """The same on the other side of the face."""
    swapped = {"right": "left", "left": "right"}
    return "_".join(swapped.get(word, word) for word in name.split("_"))


SEEN_WH = 640, 480
SEEN_SIDE = 200.0
VIEW_DEGREES = 60.0
"""How a photograph's face is shown for its pose: in the middle of a frame of any camera, at arm's length."""

MIRRORED_REGIONS = [REGIONS.index(_other_side(region)) for region in REGIONS]
"""Each region's place in a mirrored face."""

USUAL_PER_CENT = 2, 50, 98
"""Lower end of a range, rest, upper end."""


def measured(faces: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, S) measures of those of the faces (F, 68, 2) that are turned to the camera."""
    lens, rows = intrinsics_of(SEEN_WH, VIEW_DEGREES), []
    for face in faces:
        box = Box.around(face)
        seen = (face - np.array(box.centre_xy)) * SEEN_SIDE / box.longest_side + np.array(lens.centre_xy)
        placed = HeadPose().find(seen, lens)
        if placed is not None and placed.turn_degrees <= LEARNING_DEGREES:
            rows.append(measure(placed.back_project(seen)))
    return np.array(rows)


def scored(samples: list[Sample], network: LandmarkNetwork) -> NDArray[np.float64]:
    """(N, R) scores of the regions of faces, as the network sees them."""
    rule, rows = network.manifest.crop, []
    for sample in samples:
        way = CropTransform.for_box(Box.around(sample.landmarks), rule.margin, rule.size_wh)
        network.infer(crop_image(read_picture(sample.path), way))
        rows.append(region_scores(network.decode().landmark_scores))
    return np.array(rows)


def write_typical(path: Path, data: Path, model: str) -> dict[str, Any]:
    """Count and write what is usual.

    Raises:
        UsageError: no such model.
        BadInputError: no data set there, or a damaged one.
        WriteFailedError: the file cannot be written.
    """
    split = read_data_folder(data)
    # Only photographs: labels of the videos are too coarse for the gap between two lids.
    photographs = np.stack([sample.landmarks for sample in split.train if sample.source == "300w"])
    measures = measured(with_mirror_images(photographs.astype(np.float64), ibug_68))
    least, rest, most = np.round(np.percentile(measures, USUAL_PER_CENT, axis=0), 4)
    network = LandmarkNetwork(find_model(model))
    scores = scored(split.validation, network)
    usual = np.round(np.median(np.concatenate([scores, scores[:, MIRRORED_REGIONS]]), axis=0), 4)
    page = {
        "about": "what is usual of measures and scores; see training/export/signals.py",
        "faces": {"300w, and their mirror images": len(measures)},
        "model": network.manifest.identity,
        "measures": {
            name: {"least": least[row], "rest": rest[row], "most": most[row]}
            for row, name in enumerate(MEASURE_NAMES)
        },
        "scores": dict(zip(REGIONS, usual, strict=True)),
    }
    write_whole_bytes(path, json.dumps(page, indent=1).encode() + b"\n")
    return page


def write_signal_numbers(data: Path, model: str) -> list[Path]:
    """Write both files into device/signal/; gives their paths."""
    write_mean_face(mean_face.FILE, data, ibug_68)
    # What is usual is measured with the mean face just written.
    mean_face.mean_landmarks.cache_clear()
    write_typical(typical.FILE, data, model)
    return [mean_face.FILE, typical.FILE]

"""How well the presence score separates faces from ground and from half faces.

Faces are those of validation, cropped from jittered boxes. They are compared with crops of the same pictures:
ground that no labelled face touches, and crops so far beside a face that half of it or more is outside.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from device.contract.geometry import Box, CropTransform, jitter_box
from device.finders.finder import Finder
from device.inference.network import LandmarkNetwork
from device.tracking.crop import crop_image
from device.tracking.settings import TrackerSettings
from training.data.crops import SEED
from training.data.pack import cut_background, read_picture
from training.data.sets import read_data_folder
from training.data.sets.sample import Sample

GROUNDS_PER_FACE = 3
"""Pieces of ground tried for in each picture."""

OUTSIDE_SHARES = 0.5, 1.0
"""How much of a face a half-out crop leaves outside: a uniform draw."""

GROUND, HALF_OUT = "ground", "half_out"

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class KindFigures:
    """Presence on crops of one kind."""

    count: int
    auc: float | None
    """Chance that a face's presence is above that of such a crop; None for faces themselves."""
    rate_at_begin: float
    """Share at or above the tracker's `begin_score`: found faces that are followed, or false ones."""
    rate_at_end: float
    """Share at or above the tracker's `end_score`: tracks that go on."""


@dataclass(frozen=True)
class PresenceFigures:
    """Presence on all crops."""

    model: str
    """NAME@sha8."""
    auc: float
    """Faces against everything else."""
    begin_score: float
    end_score: float
    kinds: dict[str, KindFigures]
    """Faces by their set, then each kind of crop without one."""


def rank_auc(positive: NDArray[np.floating], negative: NDArray[np.floating]) -> float:
    """The area under the ROC: the chance that a positive scores above a negative, a tie counting half.

    By ranks (Mann and Whitney, 1947): the positives' ranks among all, less the least sum possible, over
    the number of pairs. Equal scores share the mean of their ranks.

    Args:
        positive: (N,) scores, at least one.
        negative: (M,) scores, at least one.
    """
    scores = np.concatenate([positive, negative])
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last_ranks = np.cumsum(counts)
    ranks = (last_ranks - (counts - 1) / 2)[places]
    pairs = len(positive) * len(negative)
    least = len(positive) * (len(positive) + 1) / 2
    return float((ranks[: len(positive)].sum() - least) / pairs)


def outside_share(face: Box, roi: Box) -> float:
    """How much of a face's box lies outside an upright square, 0 to 1."""
    width = min(face.x_max, roi.x_max) - max(face.x_min, roi.x_min)
    height = min(face.y_max, roi.y_max) - max(face.y_min, roi.y_min)
    return 1 - max(width, 0.0) * max(height, 0.0) / face.area


def half_out_roi(face: Box, margin: float, rng: np.random.Generator) -> Box:
    """The face's square moved in some direction until a drawn share of the face, half or more, is outside."""
    side, way = face.longest_side * margin, rng.uniform(0, 2 * np.pi)
    share = rng.uniform(*OUTSIDE_SHARES)
    step = np.array([np.cos(way), np.sin(way)])
    # Moving farther never brings any of the face back in, so halving the interval finds the place.
    near, far = 0.0, 2.0 * side
    for _ in range(40):
        middle = (near + far) / 2
        outside = outside_share(face, _square(face, step * middle, side))
        near, far = (near, middle) if outside >= share else (middle, far)
    return _square(face, step * far, side)


def _square(face: Box, moved: NDArray[np.float64], side: float) -> Box:
    x, y = np.asarray(face.centre_xy) + moved
    return Box.centred((float(x), float(y)), (side, side))


def face_crops(samples: Sequence[Sample], margin: float, side: int) -> Iterator[Image]:
    """(side, side, 3) a crop of each face, from its box shaken by up to 10 % a side."""
    rng = np.random.default_rng(SEED)
    for sample in samples:
        transform = CropTransform.for_box(jitter_box(sample.box, rng), margin, (side, side))
        yield crop_image(read_picture(sample.path), transform)


def half_out_crops(samples: Sequence[Sample], margin: float, side: int) -> Iterator[Image]:
    """(side, side, 3) a crop beside each face, half of it or more outside."""
    rng = np.random.default_rng(SEED)
    for sample in samples:
        roi = half_out_roi(sample.box, margin, rng)
        transform = CropTransform.from_roi(roi.centre_xy, roi.width, (side, side))
        yield crop_image(read_picture(sample.path), transform)


def ground_crops(samples: Sequence[Sample], side: int, finder: Finder | None) -> Iterator[Image]:
    """(side, side, 3) pieces of the pictures that no labelled face touches, and none that the finder sees."""
    boxes: dict[Path, list[Box]] = {}
    for sample in samples:
        boxes.setdefault(sample.path, []).append(sample.box)
    for sample in samples:
        others = list(boxes[sample.path])
        if finder is not None:
            # Photographs show more faces than are labelled.
            others += [found.box for found in finder.find(read_picture(sample.path))]
        for number in range(GROUNDS_PER_FACE):
            ground = cut_background(replace(sample, name=f"{sample.name}#{number}"), others, side)
            if ground is not None:
                yield ground


def measure_presence(model: Path, data: Path, finder: Finder | None = None) -> PresenceFigures:
    """Presence of a model on the validation pictures of a data folder.

    Args:
        model: .tflite with its manifest.
        data: folder with the data sets.
        finder: pieces of ground in which it sees a face are left out.

    Raises:
        BadInputError: model or data missing or damaged.
    """
    network = LandmarkNetwork(model)
    rule, samples = network.manifest.crop, read_data_folder(data).validation
    margin, side = rule.margin, rule.size_wh[0]

    def presence(crops: Iterator[Image], name: str) -> NDArray[np.float64]:
        return np.array([presence_of(network, crop) for crop in tqdm(crops, desc=name, unit="crop")])

    sources = sorted({sample.source for sample in samples})
    faces = {
        source: presence(
            face_crops([sample for sample in samples if sample.source == source], margin, side), source
        )
        for source in sources
    }
    others = {
        GROUND: presence(ground_crops(samples, side, finder), GROUND),
        HALF_OUT: presence(half_out_crops(samples, margin, side), HALF_OUT),
    }
    return presence_figures(network.manifest.identity, faces, others, TrackerSettings())


def presence_of(network: LandmarkNetwork, crop: Image) -> float:
    """The network's presence on one crop, 0 to 1."""
    network.infer(crop)
    return network.decode().presence


def presence_figures(
    model: str,
    faces: dict[str, NDArray[np.float64]],
    others: dict[str, NDArray[np.float64]],
    settings: TrackerSettings,
) -> PresenceFigures:
    """All figures of the presence on faces and on what is none, each by kind."""
    positive = np.concatenate(list(faces.values()))

    def of_kind(scores: NDArray[np.float64], auc: float | None) -> KindFigures:
        return KindFigures(
            count=len(scores),
            auc=auc,
            rate_at_begin=float(np.mean(scores >= settings.begin_score)),
            rate_at_end=float(np.mean(scores >= settings.end_score)),
        )

    return PresenceFigures(
        model=model,
        auc=rank_auc(positive, np.concatenate(list(others.values()))),
        begin_score=settings.begin_score,
        end_score=settings.end_score,
        kinds={name: of_kind(scores, None) for name, scores in faces.items()}
        | {name: of_kind(scores, rank_auc(positive, scores)) for name, scores in others.items()},
    )


def presence_table(figures: PresenceFigures) -> str:
    """The figures for people."""
    begin, end = f">= {figures.begin_score:g}", f">= {figures.end_score:g}"
    lines = [
        f"{figures.model}: AUC {figures.auc:.4f}",
        f"{'crops':16} {'count':>6} {'AUC':>7} {begin:>9} {end:>9}",
    ]
    for name, kind in figures.kinds.items():
        auc = "" if kind.auc is None else f"{kind.auc:.4f}"
        rates = f"{100 * kind.rate_at_begin:7.2f} % {100 * kind.rate_at_end:7.2f} %"
        lines.append(f"{name:16} {kind.count:6} {auc:>7} {rates}")
    return "\n".join(lines)

"""How a shipped model fares where the usual figures do not look: turned heads, a cheap camera, its own doubt.

Everything is measured on the hand-labelled validation faces with shaken boxes, as the device runs the file.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from device.contract import metrics
from device.contract.codec import HALF_SCORE_ERROR
from device.contract.files import write_whole
from device.inference.network import LandmarkNetwork
from training.data.cheap_camera import CAMERA_SIDE, cover_by_mask, photographs
from training.data.crops import SEED, CropSet, cut_crops
from training.data.drawing import tile
from training.data.sets import read_validation
from training.measure.yaw import yaw_degrees

TURNS = 5
"""Photographs of each face by the cheap camera: what befalls one is chance."""

BINS = 10
"""Of the reliability figures, as many points in each."""


@dataclass(frozen=True)
class Reliability:
    """Of the landmarks whose scores fall in one bin."""

    score: float
    """Their mean."""
    expected: float
    """Error that follows from the scores, of the distance of the outer eye corners."""
    got: float
    """Mean error, likewise."""


@dataclass(frozen=True)
class Robustness:
    """NME by outer eye corners, fractions."""

    nme: float
    nme_frontal: float
    """Of the quarter of the faces that is turned least, to either side."""
    nme_turned: float
    """Of the quarter that is turned most."""
    nme_cheap: float
    """Of all, as a cheap camera shows them."""
    covered_score: float
    """Mean score of the landmarks under a mask, in crops that have nothing else wrong ..."""
    clear_score: float
    """... and of the same landmarks without it."""
    reliability: list[Reliability]
    """On clean and cheap crops together, by falling score."""

    @property
    def turned_ratio(self) -> float:
        """How much worse turned heads are."""
        return self.nme_turned / self.nme_frontal

    @property
    def cheap_ratio(self) -> float:
        """How much worse a cheap camera's pictures are."""
        return self.nme_cheap / self.nme


def read_all(
    network: LandmarkNetwork, crops: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(N, K, 2) landmarks in crop pixels and their (N, K) scores."""
    landmarks, scores = [], []
    for crop in crops:
        network.infer(crop)
        found = network.decode()
        landmarks.append(found.landmarks_crop)
        scores.append(found.landmark_scores)
    return np.stack(landmarks), np.stack(scores)


def errors_of_points(
    found: NDArray[np.float32], faces: CropSet, network: LandmarkNetwork
) -> NDArray[np.float64]:
    """(N, K) errors, of each face's distance of the outer eye corners."""
    scheme, pairs = network.manifest.landmark_scheme, zip(found, faces.landmarks_crop, strict=True)
    return np.stack([metrics.relative_errors(points, true, scheme) for points, true in pairs])


def photograph_all(faces: CropSet) -> list[NDArray[np.uint8]]:
    """TURNS photographs of every crop, each an array like `crops`."""
    rng = np.random.default_rng(SEED)
    return [photographs(faces.crops, faces.landmarks_crop, rng) for _ in range(TURNS)]


def reliability_of(scores: NDArray[np.floating], errors: NDArray[np.floating]) -> list[Reliability]:
    """Figures by score, in bins of equal size, the surest first."""
    order = np.argsort(-scores, axis=None)
    scores, errors = scores.ravel()[order], errors.ravel()[order]
    return [
        Reliability(
            float(scores[chosen].mean()),
            float(np.mean(HALF_SCORE_ERROR * (1 / scores[chosen] - 1))),
            float(errors[chosen].mean()),
        )
        for chosen in np.array_split(np.arange(len(scores)), BINS)
    ]


def _scores_under_masks(
    network: LandmarkNetwork, faces: CropSet, clear: NDArray[np.floating]
) -> tuple[float, float]:
    """Mean scores of the chin and the mouth, with a mask over them and without."""
    rng = np.random.default_rng(SEED)
    work = zip(faces.crops, faces.landmarks_crop, strict=True)
    masked = np.stack([cover_by_mask(crop, points, rng) for crop, points in work])
    hidden = sorted({*range(4, 13), *network.manifest.landmark_scheme.groups["mouth"]})
    _, scores = read_all(network, masked)
    return float(scores[:, hidden].mean()), float(clear[:, hidden].mean())


def measure_robustness(model: Path, data: Path) -> Robustness:
    """All figures of a shipped model.

    Args:
        model: student.tflite beside its manifest.
        data: folder with the data sets.

    Raises:
        BadInputError: model or data missing or damaged.
    """
    network = LandmarkNetwork(model)
    rule, scheme = network.manifest.crop, network.manifest.landmark_scheme
    samples = read_validation(data)
    faces = cut_crops(samples, rule.margin, rule.size_wh[0])
    found, scores = read_all(network, faces.crops)
    errors = errors_of_points(found, faces, network)
    cheap = [read_all(network, crops) for crops in photograph_all(faces)]
    cheap_errors = [errors_of_points(points, faces, network) for points, _ in cheap]
    by_yaw = np.argsort([abs(yaw_degrees(sample, scheme)) for sample in samples])
    turned = len(by_yaw) // 4
    covered, clear = _scores_under_masks(network, faces, scores)
    return Robustness(
        nme=float(errors.mean()),
        nme_frontal=float(errors[by_yaw[:turned]].mean()),
        nme_turned=float(errors[by_yaw[-turned:]].mean()),
        nme_cheap=float(np.mean(cheap_errors)),
        covered_score=covered,
        clear_score=clear,
        reliability=reliability_of(
            np.stack([scores, *(found_scores for _, found_scores in cheap)]),
            np.stack([errors, *cheap_errors]),
        ),
    )


def robustness_table(figures: Robustness) -> str:
    """The figures for people, per cent."""
    rows = [
        f"all faces            {100 * figures.nme:6.2f} %",
        f"turned least, 1 of 4 {100 * figures.nme_frontal:6.2f} %",
        f"turned most, 1 of 4  {100 * figures.nme_turned:6.2f} %  {figures.turned_ratio:.2f} times those'",
        f"by a cheap camera    {100 * figures.nme_cheap:6.2f} %  {figures.cheap_ratio:.2f} times the first",
        f"score under a mask {figures.covered_score:.2f}, without it {figures.clear_score:.2f}",
        "score  expected %  got %",
    ]
    rows += [
        f"{row.score:5.2f} {100 * row.expected:10.2f} {100 * row.got:7.2f}" for row in figures.reliability
    ]
    return "\n".join(rows)


def draw_reliability(figures: dict[str, Robustness], path: Path) -> None:
    """Got against expected error of some models, as PNG.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(5, 5), layout="constrained")
    for name, measured in figures.items():
        expected = [100 * row.expected for row in measured.reliability]
        axes.plot(expected, [100 * row.got for row in measured.reliability], "o-", label=name)
    largest = max(100 * row.got for measured in figures.values() for row in measured.reliability)
    axes.plot([0, largest], [0, largest], "k:", label="what a score promises")
    axes.set(xlabel="expected error, % of eye distance", ylabel="mean error, % of eye distance")
    axes.legend()
    write_whole(path, lambda beside: figure.savefig(beside, format="png", dpi=110))
    plt.close(figure)


def draw_cheap(data: Path, path: Path) -> None:
    """What the cheap camera makes of 32 training crops' like, as PNG.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    samples = read_validation(data)[:32]
    sheet = tile(list(photograph_all(cut_crops(samples, 1.3, CAMERA_SIDE))[0]), columns=8)
    write_whole(path, lambda beside: cv2.imwrite(str(beside), sheet))

"""How good is a model? The same figures for checkpoints and for the files that ship."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from device.contract import metrics
from device.contract.errors import BadInputError, UsageError
from device.contract.geometry import Box, CropTransform, shake_box
from device.contract.landmarks import LandmarkScheme
from device.crop import crop_image
from device.finder import Finder
from device.inference import LandmarkNetwork
from device.tracker import Tracker
from training.datasets import read_300w, read_list
from training.datasets.sample import Sample
from training.pack import read_picture
from training.validation import SEED

Predictor = Callable[[NDArray[np.uint8], Box], NDArray[np.float64]]
"""(H, W, 3) uint8 picture and a face box to (K, 2) landmarks in the picture's pixels."""

LEAST_IOU = 0.3
"""Overlap with the true box below which what a finder took is another face: a miss."""

THRESHOLDS = (0.08, 0.10)
"""NME at which failure rate and AUC are taken."""


@dataclass(frozen=True)
class Evaluation:
    """Figures over a set of faces, fractions; a missed face counts as a failure, not in the means."""

    nme_interocular: float
    nme_interpupil: float
    nme_box: float
    failure_rate_at_8: float
    failure_rate_at_10: float
    auc_at_8: float
    auc_at_10: float
    missed: int
    count: int
    groups: dict[str, float]
    """nme_interocular by region of the face."""


def tflite_predictor(model: Path) -> tuple[Predictor, LandmarkScheme]:
    """A .tflite with its manifest, run as the device runs it.

    Raises:
        BadInputError: model or manifest missing or not a pair.
    """
    network = LandmarkNetwork(model)
    rule = network.manifest.crop

    def predict(image: NDArray[np.uint8], box: Box) -> NDArray[np.float64]:
        transform = CropTransform.for_box(box, rule.margin, rule.size_wh)
        network.infer(crop_image(image, transform))
        return transform.crop_to_frame(network.decode().landmarks_crop)

    return predict, network.manifest.landmark_scheme


def checkpoint_predictor(path: Path) -> tuple[Predictor, LandmarkScheme]:
    """A run's network.pt.

    Raises:
        BadInputError: no such file, or not one of ours.
    """
    from device.contract.landmarks import SCHEMES
    from training.checkpoint import load_network
    from training.validation import predict_crops

    model, settings = load_network(path)
    side = settings.model.input_side

    def predict(image: NDArray[np.uint8], box: Box) -> NDArray[np.float64]:
        transform = CropTransform.for_box(box, settings.margin, (side, side))
        return transform.crop_to_frame(predict_crops(model, crop_image(image, transform)[None])[0])

    return predict, SCHEMES[settings.scheme]


LOADERS: dict[str, Callable[[Path], tuple[Predictor, LandmarkScheme]]] = {
    ".tflite": tflite_predictor,
    ".pt": checkpoint_predictor,
}
"""What evaluates a file, by its ending."""


def load_predictor(model: Path) -> tuple[Predictor, LandmarkScheme]:
    """The predictor of a model file.

    Raises:
        UsageError: an ending that is not known.
        BadInputError: the file is missing or unusable.
    """
    loader = LOADERS.get(model.suffix)
    if loader is None:
        raise UsageError(f"--model {model}: ending {model.suffix!r}, known: {', '.join(LOADERS)}")
    return loader(model)


def load_samples(dataset: str, list_file: Path | None) -> list[Sample]:
    """Faces of `300w:FOLDER`, all or those of a list.

    Raises:
        UsageError: another kind of data set.
        BadInputError: folder or list missing or damaged.
    """
    kind, _, folder = dataset.partition(":")
    if kind != "300w" or not folder:
        raise UsageError(f"--dataset {dataset!r}: write 300w:FOLDER (pictures with .pts files)")
    return read_300w(Path(folder), None if list_file is None else read_list(list_file))


def boxes_of(samples: Sequence[Sample], boxes: str) -> list[Box]:
    """The true boxes, or the same shaken by up to 10 % a side, one draw after the other, seed 0."""
    if boxes == "truth":
        return [sample.box for sample in samples]
    rng = np.random.default_rng(SEED)
    return [shake_box(sample.box, rng) for sample in samples]


def predict_boxes(
    predict: Predictor, samples: Sequence[Sample], boxes: str
) -> list[NDArray[np.float64] | None]:
    """Landmarks of each face from its true or shaken box."""
    work = list(zip(samples, boxes_of(samples, boxes), strict=True))
    bar = tqdm(work, desc="evaluating", unit="face")
    return [predict(read_picture(sample.path), box) for sample, box in bar]


def predict_found(model: Path, finder: Finder, samples: Sequence[Sample]) -> list[NDArray[np.float64] | None]:
    """Landmarks of each face as the daemon finds them: finder, then network; None for a missed face."""
    tracker = Tracker(LandmarkNetwork(model), finder)
    found: list[NDArray[np.float64] | None] = []
    for sample in tqdm(samples, desc="evaluating", unit="face"):
        tracker.reset()
        faces = tracker.track(read_picture(sample.path)).faces
        best = max(faces, key=lambda face: face.box.iou(sample.box), default=None)
        taken = best is not None and best.box.iou(sample.box) >= LEAST_IOU
        found.append(best.landmarks_frame if best is not None and taken else None)
    return found


def evaluate(
    predicted: Sequence[NDArray[np.float64] | None], samples: Sequence[Sample], scheme: LandmarkScheme
) -> Evaluation:
    """All figures of predictions against the samples' truth.

    Raises:
        BadInputError: not one face was found, so that no mean exists.
    """
    pairs = [
        (landmarks, sample.landmarks)
        for landmarks, sample in zip(predicted, samples, strict=True)
        if landmarks is not None
    ]
    missed = len(samples) - len(pairs)
    if not pairs:
        raise BadInputError(f"none of {len(samples)} faces was found; try another --finder or --boxes")
    by_length = {
        name: [metrics.nme(found, true, scheme, length) for found, true in pairs]
        for name, length in metrics.NORMALISERS.items()
    }
    errors = by_length["nme_interocular"]
    groups = {
        name: float(np.mean([metrics.nme(found, true, scheme, indices=points) for found, true in pairs]))
        for name, points in scheme.groups.items()
    }
    return Evaluation(
        nme_interocular=float(np.mean(errors)),
        nme_interpupil=float(np.mean(by_length["nme_interpupil"])),
        nme_box=float(np.mean(by_length["nme_box"])),
        failure_rate_at_8=metrics.failure_rate_at(THRESHOLDS[0], errors, missed),
        failure_rate_at_10=metrics.failure_rate_at(THRESHOLDS[1], errors, missed),
        auc_at_8=metrics.auc_at(THRESHOLDS[0], errors, missed),
        auc_at_10=metrics.auc_at(THRESHOLDS[1], errors, missed),
        missed=missed,
        count=len(samples),
        groups=groups,
    )


def evaluation_table(evaluation: Evaluation) -> str:
    """The figures for people, per cent."""
    rows = [
        f"{name:20} {100 * value:6.2f} %"
        for name, value in asdict(evaluation).items()
        if isinstance(value, float)
    ]
    rows += [f"  {name:18} {100 * value:6.2f} %" for name, value in evaluation.groups.items()]
    return "\n".join([f"faces {evaluation.count}, missed {evaluation.missed}", *rows])

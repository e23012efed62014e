"""How good is a model? The same figures for checkpoints and for the files that ship."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from device.contract import metrics
from device.contract.errors import BadInputError, UsageError
from device.contract.geometry import Box, CropTransform, jitter_box
from device.contract.landmarks import SCHEMES, LandmarkScheme
from device.contract.shape import correction_of
from device.finders.finder import Finder
from device.inference.network import LandmarkNetwork
from device.tracking.crop import crop_image
from device.tracking.settings import TrackerSettings
from device.tracking.tracker import Tracker
from training.data.crops import SEED
from training.data.sets import read_300w, read_list, read_youtube_faces
from training.data.sets.aflw2000 import read_aflw2000
from training.data.sets.cofw import read_cofw
from training.data.sets.labelled import LabelledFaces, read_labelled
from training.data.sets.picture import read_face_picture
from training.data.sets.rendered import read_rendered
from training.data.sets.sample import Faces, Sample, left_out_of
from training.data.sets.schemes import SCHEME_OF_SET, converted
from training.data.sets.wflw import read_wflw
from training.measure.subsets import Subset, subsets_of
from training.measure.yaw import yaw_degrees

Predictor = Callable[[NDArray[np.uint8], Box], NDArray[np.float64]]
"""(H, W, 3) uint8 picture and a face box to (K, 2) landmarks in the picture's pixels."""

MIN_IOU = 0.3
"""Overlap with the true box below which what a finder took is another face: a miss."""

REFINEMENTS = TrackerSettings().refinements
"""Passes on a found face after the first, as the device makes them."""

THRESHOLDS = {"at_5": 0.05, "at_8": 0.08, "at_10": 0.10}
"""NME at which failure rate and AUC are taken: STAR's for 300-W, the challenge's, and WFLW's and COFW's."""

YAW_EDGES = (0, 15, 30, 45, 60, 90)
"""Degrees to either side between which faces are counted together."""


@dataclass(frozen=True)
class YawBin:
    """Figures over the faces turned by a range of angles, fractions."""

    count: int
    missed: int
    nme_interocular: float | None
    """None where no face was found."""
    nme_box: float | None
    """The same; in profile, where the eyes nearly meet, the one to look at."""


@dataclass(frozen=True)
class Evaluation:
    """Figures over a set of faces, fractions; a missed face counts as a failure, not in the means."""

    nme_interocular: float
    nme_interpupil: float
    nme_box: float
    failure_rate_at_5: float
    failure_rate_at_8: float
    failure_rate_at_10: float
    auc_at_5: float
    auc_at_8: float
    auc_at_10: float
    missed: int
    count: int
    groups: dict[str, float]
    """nme_interocular by region of the face."""
    yaw_bins: dict[str, YawBin]
    """By degrees of yaw to either side: 0-15, 15-30, ... Bins without a face are left out."""
    subsets: dict[str, Subset] = field(default_factory=dict)
    """Faces with each attribute that the data set gives, as WFLW's."""
    points: str = ""
    """Points that were compared: the model's scheme, and whose labels they are a part of where they are."""
    left_out: int = 0
    """Faces that were not counted because some of their points are marked as hidden."""


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
    from training.engine.checkpoint import load_network
    from training.engine.validation import predict_crops
    from training.models.decode import check_finds_landmarks

    model, settings = load_network(path)
    check_finds_landmarks(model, str(path))
    side = settings.model.input_side

    def predict(image: NDArray[np.uint8], box: Box) -> NDArray[np.float64]:
        transform = CropTransform.for_box(box, settings.margin, (side, side))
        return transform.crop_to_frame(predict_crops(model, crop_image(image, transform)[None])[0])

    return predict, SCHEMES[settings.scheme]


def onnx_predictor(path: Path) -> tuple[Predictor, LandmarkScheme]:
    """A conversion's student.onnx, by the handover that it was made from.

    Raises:
        BadInputError: no such file, or no handover.json beside it, in its run, or above.
    """
    import onnxruntime

    if not path.is_file():
        raise BadInputError(f"no model at {path}: give a .onnx file of a conversion")
    # RUN/model/work/student.onnx beside RUN/handover/handover.json.
    places = [
        folder / name for folder in path.parents[:3] for name in ("handover.json", "handover/handover.json")
    ]
    description = next((place for place in places if place.is_file()), None)
    if description is None:
        raise BadInputError(
            f"{path} has no handover.json near it: it says how crops are cut and maps are read"
        )
    rules = json.loads(description.read_text(encoding="utf-8"))
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name, codec = session.get_inputs()[0].name, rules["codec"]["name"]
    margin, size_wh = rules["crop"]["margin"], tuple(rules["crop"]["size_wh"])
    scheme = SCHEMES[rules["scheme"]]
    correct = correction_of(rules["codec"].get("shape", ""), scheme.count)

    def predict(image: NDArray[np.uint8], box: Box) -> NDArray[np.float64]:
        import torch

        from training.data.crops import to_tensor
        from training.models.decode import landmarks_of

        transform = CropTransform.for_box(box, margin, size_wh)
        real = to_tensor(crop_image(image, transform)[None], torch.device("cpu")).contiguous()
        raw = torch.from_numpy(session.run(None, {name: real.numpy()})[0])
        return transform.crop_to_frame(correct(landmarks_of(codec, raw, size_wh[0])[0].numpy()))

    return predict, scheme


LOADERS: dict[str, Callable[[Path], tuple[Predictor, LandmarkScheme]]] = {
    ".tflite": tflite_predictor,
    ".onnx": onnx_predictor,
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


def _part_of(faces: LabelledFaces, part: str) -> Faces:
    return faces.train if part == "train" else faces.held_out


READERS: dict[str, Callable[[Path, str], list[Sample]]] = {
    "300w": lambda folder, _: read_300w(folder),
    "wflw": read_wflw,
    "cofw": read_cofw,
    "aflw2000": lambda folder, _: read_aflw2000(folder),
    "youtube_faces": lambda folder, _: read_youtube_faces(folder),
    "rendered": lambda folder, _: read_rendered(folder),
    "fairface": lambda folder, part: _part_of(read_labelled(folder, "fairface"), part),
    "drawn": lambda folder, part: _part_of(read_labelled(folder, "drawn"), part),
}
"""Every set that --dataset may name, by folder and part."""


def load_samples(dataset: str, list_file: Path | None, part: str = "test", scheme: str = "ibug_68") -> Faces:
    """Faces of SET:FOLDER, all or those of a list.

    Args:
        dataset: SET:FOLDER.
        list_file: names out of a 300w folder, in that order.
        part: train or test, of sets that are divided.
        scheme: every face is converted to it.

    Raises:
        UsageError: another kind of data set, or a list for a set that has none.
        BadInputError: folder or list missing or damaged, or labels that cannot be converted.
    """
    kind, _, name = dataset.partition(":")
    if kind not in READERS or not name:
        raise UsageError(
            f"--dataset {dataset!r}: write SET:FOLDER as in 300w:FOLDER, SET one of {', '.join(READERS)}"
        )
    if list_file is None:
        return converted(READERS[kind](Path(name), part), scheme)
    if kind != "300w":
        raise UsageError(f"--list is for 300w, got {kind}: its own lists and --part divide it")
    return converted(read_300w(Path(name), read_list(list_file)), scheme)


def points_of(scheme: LandmarkScheme, count: int | None) -> list[int] | None:
    """Indices of a smaller set of points: 51 of the 68 without the jaw; None for all.

    Raises:
        UsageError: another scheme.
    """
    if count is None:
        return None
    if scheme.name != "ibug_68":
        raise UsageError(f"--points {count} is a part of ibug_68, the model gives {scheme.name}")
    jaw = set(scheme.groups["jaw"])
    return [index for index in range(scheme.count) if index not in jaw]


def boxes_of(samples: Sequence[Sample], boxes: str) -> list[Box]:
    """The true boxes, or the same shaken by up to 10 % a side, one draw after the other, seed 0."""
    if boxes == "truth":
        return [sample.box for sample in samples]
    rng = np.random.default_rng(SEED)
    return [jitter_box(sample.box, rng) for sample in samples]


def predict_boxes(
    predict: Predictor, samples: Sequence[Sample], boxes: str
) -> list[NDArray[np.float64] | None]:
    """Landmarks of each face from its true or shaken box."""
    work = list(zip(samples, boxes_of(samples, boxes), strict=True))
    bar = tqdm(work, desc="evaluating", unit="face")
    return [predict(read_face_picture(sample), box) for sample, box in bar]


def predict_found(model: Path, finder: Finder, samples: Sequence[Sample]) -> list[NDArray[np.float64] | None]:
    """Landmarks of each face as the daemon finds them: finder, then network; None for a missed face."""
    tracker = Tracker(LandmarkNetwork(model), finder)
    found: list[NDArray[np.float64] | None] = []
    for sample in tqdm(samples, desc="evaluating", unit="face"):
        tracker.reset()
        faces = tracker.track(read_face_picture(sample)).faces
        best = max(faces, key=lambda face: face.box.iou(sample.box), default=None)
        taken = best is not None and best.box.iou(sample.box) >= MIN_IOU
        found.append(best.landmarks_frame if best is not None and taken else None)
    return found


def predict_found_boxes(
    predict: Predictor, finder: Finder, samples: Sequence[Sample]
) -> list[NDArray[np.float64] | None]:
    """The same for a network that the device cannot run: each found face refined as the tracker does it."""
    found: list[NDArray[np.float64] | None] = []
    for sample in tqdm(samples, desc="evaluating", unit="face"):
        image = read_face_picture(sample)
        best: NDArray[np.float64] | None = None
        overlap = MIN_IOU
        for face in finder.find(image):
            landmarks = predict(image, face.box)
            for _ in range(REFINEMENTS):
                landmarks = predict(image, Box.around(landmarks))
            if Box.around(landmarks).iou(sample.box) >= overlap:
                best, overlap = landmarks, Box.around(landmarks).iou(sample.box)
        found.append(best)
    return found


Predicted = Sequence[NDArray[np.float64] | None]
"""(K, 2) landmarks of each face in its picture's pixels; None for a missed face."""


def errors_of(
    predicted: Predicted,
    samples: Sequence[Sample],
    scheme: LandmarkScheme,
    points: Sequence[int] | None = None,
    length: metrics.Normaliser = metrics.interocular_distance,
) -> list[float]:
    """NME of each face, infinite for a missed one."""
    return [
        np.inf if found is None else metrics.nme(found, sample.landmarks, scheme, length, points)
        for found, sample in zip(predicted, samples, strict=True)
    ]


def _mean(errors: Sequence[float]) -> float | None:
    """Over the faces found."""
    found = [error for error in errors if np.isfinite(error)]
    return float(np.mean(found)) if found else None


def _mean_of_some(errors: Sequence[float]) -> float:
    """The same; at least one face was found."""
    return cast("float", _mean(errors))


def yaw_bins_of(
    samples: Sequence[Sample], scheme: LandmarkScheme, by_length: dict[str, list[float]]
) -> dict[str, YawBin]:
    """Figures by yaw: the set's own where it says it, otherwise judged from the true landmarks."""
    yaws = np.abs([yaw_degrees(sample, scheme) for sample in samples])
    places = np.clip(np.searchsorted(YAW_EDGES, yaws, side="right") - 1, 0, len(YAW_EDGES) - 2)
    bins = {}
    for number, (low, high) in enumerate(pairwise(YAW_EDGES)):
        faces = np.flatnonzero(places == number)
        if len(faces):
            chosen = {name: [errors[face] for face in faces] for name, errors in by_length.items()}
            missed = sum(not np.isfinite(error) for error in chosen["nme_box"])
            means = {name: _mean(chosen[name]) for name in ("nme_interocular", "nme_box")}
            bins[f"{low}-{high}"] = YawBin(len(faces), missed, **means)
    return bins


def compared_points(samples: Sequence[Sample], scheme: LandmarkScheme, count: int) -> str:
    """What is compared, in words: of a set labelled in other points a model's own are another benchmark."""
    own = sorted({SCHEME_OF_SET[sample.source] for sample in samples if sample.source in SCHEME_OF_SET})
    others = [name for name in own if name != scheme.name]
    part = f"{count} of " if count != scheme.count else ""
    mapped = f", mapped from {' and '.join(others)}: not that set's own benchmark" if others else ""
    return f"{part}{scheme.name}{mapped}"


def evaluate(
    predicted: Predicted,
    samples: Sequence[Sample],
    scheme: LandmarkScheme,
    points: Sequence[int] | None = None,
) -> Evaluation:
    """All figures of predictions against the samples' truth.

    Args:
        predicted: of each sample.
        samples: with the truth.
        scheme: of both.
        points: count only these; lengths and boxes stay those of the whole face.

    Raises:
        BadInputError: not one face was found, so that no mean exists.
    """
    by_length = {
        name: errors_of(predicted, samples, scheme, points, length)
        for name, length in metrics.NORMALISERS.items()
    }
    errors = [error for error in by_length["nme_interocular"] if np.isfinite(error)]
    missed = len(samples) - len(errors)
    if not errors:
        raise BadInputError(f"none of {len(samples)} faces was found; try another --finder or --boxes")
    counted = range(scheme.count) if points is None else points
    regions = {name: sorted(set(indices) & set(counted)) for name, indices in scheme.groups.items()}
    groups = {
        name: _mean_of_some(errors_of(predicted, samples, scheme, indices))
        for name, indices in regions.items()
        if indices
    }
    return Evaluation(
        **{name: _mean_of_some(values) for name, values in by_length.items()},
        **{
            f"failure_rate_{at}": metrics.failure_rate_at(value, errors, missed)
            for at, value in THRESHOLDS.items()
        },
        **{f"auc_{at}": metrics.auc_at(value, errors, missed) for at, value in THRESHOLDS.items()},
        missed=missed,
        count=len(samples),
        groups=groups,
        yaw_bins=yaw_bins_of(samples, scheme, by_length),
        subsets=subsets_of(samples, by_length["nme_interocular"]),
        points=compared_points(samples, scheme, len(counted)),
        left_out=len(left_out_of(samples)),
    )


def evaluation_table(evaluation: Evaluation) -> str:
    """The figures for people, per cent."""
    rows = [
        f"{name:20} {100 * value:6.2f} %"
        for name, value in asdict(evaluation).items()
        if isinstance(value, float)
    ]
    rows += [f"  {name:18} {100 * value:6.2f} %" for name, value in evaluation.groups.items()]
    rows += [
        f"  yaw {name:14} {100 * turned.nme_box:6.2f} % of the box, {turned.count} faces"
        for name, turned in evaluation.yaw_bins.items()
        if turned.nme_box is not None
    ]
    rows += [
        f"  {name:18} {100 * subset.nme_interocular:6.2f} %, {subset.count} faces; at 10 %: failure rate "
        f"{100 * subset.failure_rate_at_10:.2f} %, AUC {100 * subset.auc_at_10:.2f} %"
        for name, subset in evaluation.subsets.items()
        if subset.nme_interocular is not None
    ]
    left_out = f", left out {evaluation.left_out} with hidden points" if evaluation.left_out else ""
    return "\n".join(
        [
            f"faces {evaluation.count}, missed {evaluation.missed}{left_out}",
            f"points {evaluation.points}",
            *rows,
        ]
    )

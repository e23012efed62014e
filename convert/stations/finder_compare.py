"""Station 6 for a finder: four forms of it on the same pictures, and the device's own reading.

Letters: N pictures, H, W pixels of one.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.handover.arrays import PictureSet, load_reference_maps
from convert.handover.finder import FINDER_OUTPUTS, FinderHandover
from convert.job import Job
from convert.stations.difference import Difference
from convert.stations.loss import int8_loss
from convert.tflite.runners import Maps, onnx_maps, tflite_maps
from device.contract.boxes import iou_matrix
from device.contract.errors import GateError, VerifyFailedError
from device.contract.finder_codec import Candidates, decode_maps
from device.contract.finder_manifest import FinderManifest, read_finder_model

FOUND_IOU = 0.5
"""Overlap with the labelled face from which on it counts as found."""
FLOAT_TOLERANCE = 0.01
"""Largest difference of a raw map of the ONNX or the float file from PyTorch's."""
DEVICE_TOLERANCE_PX = 0.01
"""Input pixels between the device's boxes and ours from the same file."""

MAPS = "maps"
"""All outputs together, in the report."""
FORMS = ("pytorch", "onnx", "float32", "int8")
"""In the order of comparison; the first is the reference."""


def best_overlap(box: NDArray[np.float32], faces: Candidates) -> float:
    """The largest IoU of a true box (4,) with a found one; 0 where nothing was found."""
    return float(iou_matrix(box[None], faces.boxes).max(initial=0.0))


def shared_overlaps(found: list[Candidates], boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    """The best IoU of each labelled face, in pictures that have one."""
    pairs = [(box, faces) for box, faces in zip(boxes, found, strict=True) if np.isfinite(box).all()]
    return np.array([best_overlap(box, faces) for box, faces in pairs])


def measure(found: list[Candidates], boxes: NDArray[np.float32]) -> dict[str, float]:
    """Figures of one form; fractions.

    Args:
        found: N pictures' faces.
        boxes: (N, 4) true boxes, no numbers in a picture without a face.
    """
    faced = [bool(np.isfinite(box).all()) for box in boxes]
    shared = shared_overlaps(found, boxes)
    alarms = [len(faces.scores) > 0 for faces, has in zip(found, faced, strict=True) if not has]
    return {
        "missed": float(np.mean(shared < FOUND_IOU)),
        "overlap_lost": 1 - float(np.mean(shared)),
        "false_alarms": float(np.mean(alarms)) if alarms else 0.0,
    }


def replay(reference: Sequence[NDArray[np.float32]]) -> Maps:
    """The stored maps of the original network, picture by picture in their order."""
    pictures = iter(zip(*reference, strict=True))
    return lambda _: next(pictures)


def compare_forms(
    forms: Mapping[str, Maps], pictures: PictureSet, handover: FinderHandover
) -> tuple[dict[str, Any], dict[str, list[Candidates]]]:
    """Run all forms picture by picture; the first is the reference.

    Returns:
        The report's part, and each form's N pictures' faces.
    """
    found: dict[str, list[Candidates]] = {name: [] for name in forms}
    differences = {name: {kind: Difference() for kind in (MAPS, *FINDER_OUTPUTS)} for name in forms}
    for picture in pictures.crops:
        maps = {name: run(picture) for name, run in forms.items()}
        reference = next(iter(maps.values()))
        for name, outputs in maps.items():
            score, box, points = outputs
            found[name].append(decode_maps(score, box, points, handover.codec))
            for kind, mine, theirs in zip(FINDER_OUTPUTS, outputs, reference, strict=True):
                differences[name][kind].add(mine, theirs)
                differences[name][MAPS].add(mine, theirs)
    models = {
        name: {
            **measure(found[name], pictures.boxes),
            "difference": {kind: difference.summary() for kind, difference in differences[name].items()},
        }
        for name in forms
    }
    return {"validation_crops": len(pictures.crops), "models": models}, found


def check_float_forms(comparison: Mapping[str, Any]) -> None:
    """The ONNX and the float file are the same network as PyTorch's.

    Raises:
        GateError: one of them moves a map by more than FLOAT_TOLERANCE.
    """
    for name in FORMS[1:3]:
        largest = comparison["models"][name]["difference"]["maps"]["largest"]
        # "not <=" so that NaN fails.
        if not largest <= FLOAT_TOLERANCE:
            raise GateError(
                f"the {name} form moves a map by {largest:.3g} from PyTorch's, wanted at most "
                f"{FLOAT_TOLERANCE}: a layer of the network is converted wrongly"
            )


def check_device_reading(model: Path, pictures: PictureSet, found: list[Candidates]) -> float:
    """Largest distance, in input pixels, between the device's boxes and ours from one file.

    Raises:
        VerifyFailedError: another number of faces, or more than DEVICE_TOLERANCE_PX.
    """
    from device.finders.trained import TrainedFinder

    finder = TrainedFinder(model)
    largest = 0.0
    for picture, ours in zip(pictures.crops, found, strict=True):
        finder.infer(picture)
        theirs = finder.decode()
        if theirs.boxes.shape != ours.boxes.shape:
            raise VerifyFailedError(
                f"the device reads {len(theirs.boxes)} faces from {model}, wanted {len(ours.boxes)}: its "
                "manifest and device/finders/trained.py disagree"
            )
        largest = max(largest, float(np.abs(theirs.boxes - ours.boxes).max(initial=0.0)))
    if not largest <= DEVICE_TOLERANCE_PX:
        raise VerifyFailedError(
            f"the device reads boxes from {model} that are {largest:.3g} px off, wanted at most "
            f"{DEVICE_TOLERANCE_PX} px: its manifest and device/finders/trained.py disagree"
        )
    return largest


def tflite_forms(model: Path) -> Maps:
    """A finder's TFLite file, its maps in the order score, box, points."""
    manifest: FinderManifest = read_finder_model(model)
    given = (manifest.score, manifest.box, manifest.points)
    return tflite_maps(model, manifest.input, manifest.pixel_offset, given)


def compare_finder(job: Job, handover: FinderHandover, pictures: PictureSet) -> dict[str, Any]:
    """The content of comparison.json.

    Raises:
        GateError: a float form is not PyTorch's network.
        VerifyFailedError: the device reads a file differently.
    """
    forms = dict(
        zip(
            FORMS,
            (
                replay(load_reference_maps(job.reference, handover, len(pictures.crops))),
                onnx_maps(job.onnx),
                tflite_forms(job.float_model),
                tflite_forms(job.int8_model),
            ),
            strict=True,
        )
    )
    comparison, found = compare_forms(forms, pictures, handover)
    check_float_forms(comparison)
    comparison["device_difference_px"] = {
        name: check_device_reading(model, pictures, found[name])
        for name, model in (("int8", job.int8_model), ("float32", job.float_model))
    }
    lost = {name: 1 - shared_overlaps(faces, pictures.boxes) for name, faces in found.items()}
    return comparison | int8_loss(lost["int8"].tolist(), lost["pytorch"].tolist())

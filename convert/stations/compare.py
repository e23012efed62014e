"""Station 7: the original network, ONNX, float TFLite and int8 TFLite on the same crops.

Conversion may round; it may not change the network. The device's own code reads both files here, so
that a manifest that does not fit is found now and not in the field.
"""

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.handover.arrays import load_pictures, load_reference, load_validation
from convert.handover.description import Handover, read_handover
from convert.handover.finder import FinderHandover
from convert.job import Job
from convert.stations.calibration import no_face_crops
from convert.stations.difference import Difference
from convert.stations.figure import figure_of
from convert.stations.finder_compare import compare_finder
from convert.stations.loss import int8_loss
from convert.tflite.runners import Form, Reading, onnx_form, replay, tflite_form
from device.contract.decoding import landmark_decoder
from device.contract.errors import GateError, VerifyFailedError
from device.contract.files import write_whole_bytes
from device.contract.landmarks import LandmarkScheme
from device.contract.manifest import read_model_manifest
from device.contract.metrics import auc_at, failure_rate_at, nme

FLOAT_TOLERANCE_PX = 0.05
"""Crop pixels by which a landmark of the ONNX or the float file may leave the original's: rounding alone
moves it by less than a hundredth of this."""

DEVICE_TOLERANCE_PX = 0.01
"""Crop pixels between the device's landmarks and ours from the same file."""

PRESENCE_TOLERANCE = 0.05
"""Mean difference of the int8 presence, a probability, from the float one's. A range that cannot hold the
logits of crops without a face gives 0.5 there."""

PYTORCH, ONNX, FLOAT, INT8 = "pytorch", "onnx", "float32", "int8"


def settings(job: Job) -> dict[str, Any]:
    """Runtimes whose arithmetic is compared."""
    del job
    return {"tools": {name: version(name) for name in ("onnxruntime", "ai-edge-litert", "numpy")}}


def face_errors(
    readings: Sequence[Reading], true: NDArray[np.floating], scheme: LandmarkScheme
) -> list[float]:
    """NME of each face, a fraction. Crops are similar to frames, so it is that of the frame."""
    return [nme(each.landmarks_crop, truth, scheme) for each, truth in zip(readings, true, strict=True)]


def measure(errors: Sequence[float]) -> dict[str, float]:
    """Every figure of the report for one form; fractions."""
    return {
        "nme_interocular": float(np.mean(errors)),
        "failure_rate_at_8": failure_rate_at(0.08, errors),
        "failure_rate_at_10": failure_rate_at(0.10, errors),
        "auc_at_8": auc_at(0.08, errors),
        "auc_at_10": auc_at(0.10, errors),
    }


def read_all(forms: Mapping[str, Form], crops: NDArray[np.uint8]) -> dict[str, list[Reading]]:
    """Each form's readings of the (N, H, W, 3) crops."""
    return {name: [form(crop) for crop in crops] for name, form in forms.items()}


def differences(readings: Sequence[Reading], reference: Sequence[Reading]) -> dict[str, dict[str, float]]:
    """How far one form's readings are from the reference's."""
    landmarks, presence = Difference(), Difference()
    for mine, theirs in zip(readings, reference, strict=True):
        landmarks.add(mine.landmarks_crop, theirs.landmarks_crop)
        presence.add(mine.presence, theirs.presence)
    return {"landmarks_px": landmarks.summary(), "presence_logit": presence.summary()}


def compare_forms(
    readings: Mapping[str, list[Reading]], true: NDArray[np.floating], scheme: LandmarkScheme
) -> dict[str, Any]:
    """The report's part where there are labels; the first form is the original.

    Args:
        readings: N of each form.
        true: (N, K, 2) landmarks_crop.
        scheme: says which points are the eye corners.
    """
    errors = {name: face_errors(each, true, scheme) for name, each in readings.items()}
    return _report_part(readings, errors, {name: measure(each) for name, each in errors.items()})


def compare_unlabelled(
    readings: Mapping[str, list[Reading]], mirrored: Sequence[Reading], handover: Handover
) -> dict[str, Any]:
    """The report's part without labels: how far points move, and whether the network knows a mirrored face.

    Args:
        readings: N of each form; the first is the original.
        mirrored: N of the ONNX form on mirrored crops, or none.
        handover: of the network.
    """
    side, original = max(handover.crop.size_wh), next(iter(readings.values()))
    moved = {
        name: [mean_distance(a, b) / side for a, b in zip(each, original, strict=True)]
        for name, each in readings.items()
    }
    mirror = {"mirror_error": mirror_error(original, mirrored, handover)} if mirrored else {}
    figures = {
        name: {"moved": float(np.mean(each)), "moved_worst": max(each), **mirror}
        for name, each in moved.items()
    }
    return _report_part(readings, moved, figures)


def mean_distance(first: Reading, second: Reading) -> float:
    """Between the points of two readings, crop pixels."""
    return float(np.linalg.norm(first.landmarks_crop - second.landmarks_crop, axis=1).mean())


def mirror_error(readings: Sequence[Reading], mirrored: Sequence[Reading], handover: Handover) -> float:
    """Distance of a mirrored crop's points, mirrored back, over the longest side of the face's own points.

    A network that has learnt faces finds the same points in both; one that has not, or whose points fall
    together, does not.
    """
    width, order = handover.crop.size_wh[0], handover.landmark_scheme.mirror_order
    errors = []
    for plain, other in zip(readings, mirrored, strict=True):
        back = other.landmarks_crop[order] * (-1, 1) + (width - 1, 0)
        extent = float(np.ptp(plain.landmarks_crop, axis=0).max())
        errors.append(float(np.linalg.norm(plain.landmarks_crop - back, axis=1).mean()) / max(extent, 1e-6))
    return float(np.mean(errors))


def _report_part(
    readings: Mapping[str, list[Reading]],
    errors: Mapping[str, list[float]],
    figures: Mapping[str, dict[str, float]],
) -> dict[str, Any]:
    original = next(iter(readings))
    models = {
        name: {**figures[name], "difference": differences(each, readings[original])}
        for name, each in readings.items()
    }
    loss = int8_loss(errors[INT8], errors[original]) if INT8 in errors else {}
    return {"validation_crops": len(readings[original]), "models": models, **loss}


def probability(logit: float) -> float:
    """0 to 1."""
    return float(1 / (1 + np.exp(-logit)))


def compare_presence(readings: Mapping[str, list[Reading]]) -> dict[str, Any]:
    """Each form's mean presence, 0 to 1, and its difference from the first form's."""
    presences = {
        name: np.array([probability(reading.presence) for reading in each]) for name, each in readings.items()
    }
    reference = next(iter(presences.values()))
    compared = {}
    for name, each in presences.items():
        difference = Difference()
        difference.add(each, reference)
        compared[name] = {"mean": float(each.mean()), "difference": difference.summary()}
    return compared


def check_presence(comparison: Mapping[str, Any], budget_points: float) -> None:
    """int8 still tells crops with a face from crops without one as the float network does.

    Args:
        comparison: of the files.
        budget_points: what int8 may cost the landmarks, per cent; where that is more than PRESENCE_TOLERANCE,
            its cost is measured rather than judged, and presence may cost as much.

    Raises:
        GateError: its presence differs by more in the mean.
    """
    tolerance = max(PRESENCE_TOLERANCE, budget_points / 100)
    for kind, models in comparison["presence"].items():
        moved = models[INT8]["difference"]["mean"]
        if not moved <= tolerance:
            raise GateError(
                f"int8 presence on {kind} is {moved:.3f} from the float network's in the mean, wanted at "
                f"most {tolerance:g}: the calibration crops do not span the presence logit; add crops "
                f"without a face to calibration.npz"
            )


def check_float_forms(comparison: Mapping[str, Any]) -> None:
    """The ONNX and the float file are the same network as the original.

    Raises:
        GateError: one of them moves a landmark by more than FLOAT_TOLERANCE_PX.
    """
    for name in (ONNX, FLOAT):
        largest = comparison["models"][name]["difference"]["landmarks_px"]["largest"]
        # "not <=" so that NaN fails.
        if not largest <= FLOAT_TOLERANCE_PX:
            raise GateError(
                f"the {name} form moves a landmark by {largest:.3g} px from the original network's, wanted "
                f"at most {FLOAT_TOLERANCE_PX} px: a layer of the network is converted wrongly"
            )


def check_device_reading(model: Path, crops: NDArray[np.uint8], readings: Sequence[Reading]) -> float:
    """Largest distance, in crop pixels, between the device's landmarks and ours from one file.

    Raises:
        VerifyFailedError: more than DEVICE_TOLERANCE_PX.
    """
    from device.inference.network import LandmarkNetwork

    network = LandmarkNetwork(model)
    difference = Difference()
    for crop, ours in zip(crops, readings, strict=True):
        network.infer(crop)
        difference.add(network.decode().landmarks_crop, ours.landmarks_crop)
    if not difference.largest <= DEVICE_TOLERANCE_PX:
        raise VerifyFailedError(
            f"the device reads landmarks from {model} that are {difference.largest:.3g} px off, wanted at "
            f"most {DEVICE_TOLERANCE_PX} px: its manifest and device/inference/network.py disagree"
        )
    return difference.largest


def converted_forms(job: Job, handover: Handover) -> dict[str, Form]:
    """ONNX and both files."""
    decode = landmark_decoder(handover.codec, handover.crop.size_wh, handover.landmark_scheme.count)
    files = {FLOAT: job.float_model, INT8: job.int8_model}
    return {ONNX: onnx_form(job.onnx, decode)} | {
        name: tflite_form(model, read_model_manifest(model), decode) for name, model in files.items()
    }


def compare_landmarks(job: Job, handover: Handover) -> dict[str, Any]:
    """The content of a landmark network's comparison.json.

    Raises:
        GateError: a float form is not the original network, or int8 loses the presence.
        VerifyFailedError: the device reads a file differently.
    """
    validation = load_validation(job.validation, handover)
    reference = load_reference(job.reference, handover, len(validation.crops))
    forms = converted_forms(job, handover)
    readings = read_all({handover.original: replay(reference), **forms}, validation.crops)
    if validation.landmarks_crop is None:
        mirrored = [forms[ONNX](np.ascontiguousarray(crop[:, ::-1])) for crop in validation.crops]
        comparison = compare_unlabelled(readings, mirrored, handover)
    else:
        comparison = compare_forms(readings, validation.landmarks_crop, handover.landmark_scheme)
    check_float_forms(comparison)
    comparison["presence"] = {"faces": compare_presence(readings)}
    if handover.presence_learnt:
        # Held against ONNX: the original's outputs on these crops are not handed over.
        no_faces = read_all(forms, no_face_crops(validation.crops))
        comparison["presence"]["no_faces"] = compare_presence(no_faces)
    check_presence(comparison, job.settings.int8_budget_points)
    comparison["device_difference_px"] = {
        name: check_device_reading(model, validation.crops, readings[name])
        for name, model in ((INT8, job.int8_model), (FLOAT, job.float_model))
    }
    return comparison


def run(job: Job) -> str:
    """Write comparison.json."""
    handover = read_handover(job.description)
    if isinstance(handover, FinderHandover):
        comparison = compare_finder(job, handover, load_pictures(job.validation, handover))
    else:
        comparison = compare_landmarks(job, handover)
    write_whole_bytes(job.comparison, (json.dumps(comparison, indent=1) + "\n").encode())
    figure = figure_of(handover)
    percent = 100 * comparison["models"][INT8][figure.key]
    return f"int8 {figure.name} {percent:.2f} %, {comparison['int8_loss_points']:+.3f} points over float"

"""Station 6: PyTorch, ONNX, float TFLite and int8 TFLite on the same crops.

Conversion may round; it may not change the network. The device's own code reads both files here, so
that a manifest that does not fit is found now and not in the field.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.handover.finder import FinderHandover
from convert.handover.handover import Handover, ValidationSet, load_pictures, load_validation, read_handover
from convert.job import Job
from convert.report.figure import figure_of
from convert.stations.calibration import no_face_crops
from convert.stations.difference import Difference
from convert.stations.finder_compare import compare_finder
from convert.tflite.runners import Outputs, Runner, onnx_runner, pytorch_runner, tflite_runner
from device.contract.codec import COORDINATES, HeatmapCodec, decode_coordinates, map_weights
from device.contract.errors import GateError, VerifyFailedError
from device.contract.files import write_whole_bytes
from device.contract.landmarks import LandmarkScheme
from device.contract.manifest import read_model_manifest
from device.contract.metrics import auc_at, failure_rate_at, nme
from device.contract.shape import correction_of

FLOAT_TOLERANCE_PX = 0.05
"""Crop pixels by which a landmark of the ONNX or the float file may leave PyTorch's: rounding alone
moves it by less than a hundredth of this."""

DEVICE_TOLERANCE_PX = 0.01
"""Crop pixels between the device's landmarks and ours from the same file."""

PRESENCE_TOLERANCE = 0.05
"""Mean difference of the int8 presence, a probability, from PyTorch's. A range that cannot hold the
logits of crops without a face gives 0.5 there."""

Decoder = Callable[[Outputs], NDArray[np.float32]]
"""A form's outputs to landmarks."""

PYTORCH, ONNX, FLOAT, INT8 = "pytorch", "onnx", "float32", "int8"


def settings(job: Job) -> dict[str, Any]:
    """Runtimes whose arithmetic is compared."""
    del job
    return {"tools": {name: version(name) for name in ("torch", "onnxruntime", "ai-edge-litert", "numpy")}}


def decoder_of(handover: Handover) -> Decoder:
    """What reads (K, 2) landmarks_crop, pixels, off a form's outputs: the contract's codec, on reals."""
    rule = handover.codec
    if rule.name == COORDINATES:
        return lambda outputs: decode_coordinates(outputs.heatmap, handover.crop.size_wh)
    codec = HeatmapCodec(handover.grid_wh, rule.stride)
    correct = correction_of(rule.shape, handover.landmark_scheme.count)

    def decode(outputs: Outputs) -> NDArray[np.float32]:
        landmarks_crop, _ = codec.decode(map_weights(rule.name, outputs.heatmap, None))
        return correct(landmarks_crop)

    return decode


def measure(
    predicted: Sequence[NDArray[np.floating]], true: NDArray[np.floating], scheme: LandmarkScheme
) -> dict[str, float]:
    """Every figure of the report for one model; fractions.

    Args:
        predicted: N of (K, 2) landmarks_crop.
        true: (N, K, 2) landmarks_crop. Crops are similar to frames, so NME is that of the frame.
        scheme: says which points are the eye corners.
    """
    errors = [nme(points, truth, scheme) for points, truth in zip(predicted, true, strict=True)]
    return {
        "nme_interocular": float(np.mean(errors)),
        "failure_rate_at_8": failure_rate_at(0.08, errors),
        "failure_rate_at_10": failure_rate_at(0.10, errors),
        "auc_at_8": auc_at(0.08, errors),
        "auc_at_10": auc_at(0.10, errors),
    }


def compare_models(
    runners: Mapping[str, Runner], validation: ValidationSet, handover: Handover
) -> tuple[dict[str, Any], dict[str, list[NDArray[np.float32]]]]:
    """Run all models crop by crop; the first is the reference.

    Returns:
        The report's part, and each model's N landmarks_crop (K, 2).
    """
    kinds = ("landmarks_px", "heatmap", "presence_logit")
    differences = {name: {kind: Difference() for kind in kinds} for name in runners}
    landmarks: dict[str, list[NDArray[np.float32]]] = {name: [] for name in runners}
    decode = decoder_of(handover)
    for crop in validation.crops:
        outputs = {name: runner(crop) for name, runner in runners.items()}
        reference = next(iter(outputs.values()))
        for name, output in outputs.items():
            landmarks[name].append(decode(output))
            reference_landmarks = next(iter(landmarks.values()))[-1]
            differences[name]["landmarks_px"].add(landmarks[name][-1], reference_landmarks)
            differences[name]["heatmap"].add(output.heatmap, reference.heatmap)
            differences[name]["presence_logit"].add(output.presence, reference.presence)
    models = {
        name: {
            **measure(landmarks[name], validation.landmarks_crop, handover.landmark_scheme),
            "difference": {kind: difference.summary() for kind, difference in differences[name].items()},
        }
        for name in runners
    }
    return {"validation_crops": len(validation.crops), "models": models}, landmarks


def probability(logit: float) -> float:
    """0 to 1."""
    return float(1 / (1 + np.exp(-logit)))


def compare_presence(runners: Mapping[str, Runner], crops: NDArray[np.uint8]) -> dict[str, Any]:
    """Each model's mean presence, 0 to 1, on (N, H, W, 3) crops, and its difference from the first's."""
    differences = {name: Difference() for name in runners}
    totals = dict.fromkeys(runners, 0.0)
    for crop in crops:
        presences = {name: probability(runner(crop).presence) for name, runner in runners.items()}
        reference = next(iter(presences.values()))
        for name, presence in presences.items():
            totals[name] += presence
            differences[name].add(presence, reference)
    return {
        name: {"mean": totals[name] / len(crops), "difference": differences[name].summary()}
        for name in runners
    }


def check_presence(comparison: Mapping[str, Any]) -> None:
    """int8 still tells crops with a face from crops without one as PyTorch does.

    Raises:
        GateError: its presence differs by more than PRESENCE_TOLERANCE in the mean.
    """
    for kind, models in comparison["presence"].items():
        moved = models[INT8]["difference"]["mean"]
        if not moved <= PRESENCE_TOLERANCE:
            raise GateError(
                f"int8 presence on {kind} is {moved:.3f} from PyTorch's in the mean, wanted at most "
                f"{PRESENCE_TOLERANCE}: the calibration crops do not span the presence logit; add crops "
                f"without a face to calibration.npz"
            )


def check_float_forms(comparison: Mapping[str, Any]) -> None:
    """The ONNX and the float file are the same network as PyTorch's.

    Raises:
        GateError: one of them moves a landmark by more than FLOAT_TOLERANCE_PX.
    """
    for name in (ONNX, FLOAT):
        largest = comparison["models"][name]["difference"]["landmarks_px"]["largest"]
        # "not <=" so that NaN fails.
        if not largest <= FLOAT_TOLERANCE_PX:
            raise GateError(
                f"the {name} form moves a landmark by {largest:.3g} px from PyTorch's, wanted at most "
                f"{FLOAT_TOLERANCE_PX} px: a layer of the network is converted wrongly"
            )


def check_device_reading(
    model: Path, crops: NDArray[np.uint8], landmarks: Sequence[NDArray[np.float32]]
) -> float:
    """Largest distance, in crop pixels, between the device's landmarks and ours from one file.

    Raises:
        VerifyFailedError: more than DEVICE_TOLERANCE_PX.
    """
    from device.inference.network import LandmarkNetwork

    network = LandmarkNetwork(model)
    difference = Difference()
    for crop, ours in zip(crops, landmarks, strict=True):
        network.infer(crop)
        difference.add(network.decode().landmarks_crop, ours)
    if not difference.largest <= DEVICE_TOLERANCE_PX:
        raise VerifyFailedError(
            f"the device reads landmarks from {model} that are {difference.largest:.3g} px off, wanted at "
            f"most {DEVICE_TOLERANCE_PX} px: its manifest and device/inference/network.py disagree"
        )
    return difference.largest


def int8_loss_points(comparison: Mapping[str, Any]) -> float:
    """Percentage points of NME that int8 costs over PyTorch."""
    models = comparison["models"]
    return float(100 * (models[INT8]["nme_interocular"] - models[PYTORCH]["nme_interocular"]))


def _runners(job: Job) -> dict[str, Runner]:
    return {
        PYTORCH: pytorch_runner(job.network),
        ONNX: onnx_runner(job.onnx),
        FLOAT: tflite_runner(job.float_model, read_model_manifest(job.float_model)),
        INT8: tflite_runner(job.int8_model, read_model_manifest(job.int8_model)),
    }


def compare_landmarks(job: Job, handover: Handover) -> dict[str, Any]:
    """The content of a landmark network's comparison.json.

    Raises:
        GateError: a float form is not PyTorch's network, or int8 loses the presence.
        VerifyFailedError: the device reads a file differently.
    """
    validation = load_validation(job.validation, handover)
    runners = _runners(job)
    comparison, landmarks = compare_models(runners, validation, handover)
    check_float_forms(comparison)
    comparison["presence"] = {"faces": compare_presence(runners, validation.crops)}
    if handover.presence_learnt:
        comparison["presence"]["no_faces"] = compare_presence(runners, no_face_crops(validation.crops))
    check_presence(comparison)
    comparison["device_difference_px"] = {
        name: check_device_reading(model, validation.crops, landmarks[name])
        for name, model in ((INT8, job.int8_model), (FLOAT, job.float_model))
    }
    comparison["int8_loss_points"] = int8_loss_points(comparison)
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
    return f"int8 {figure.name} {percent:.2f} %, {comparison['int8_loss_points']:+.3f} points over PyTorch"

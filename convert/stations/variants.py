"""Station 8, with --all: the same network as float16 and as int8 with int16 activations.

Neither is for the device: float16 halves the file, int16 activations show how much of int8's loss lies in
the activations. Both are compared on the first COMPARED_CROPS crops, for int16 kernels are slow.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convert.handover.arrays import (
    PictureSet,
    load_pictures,
    load_reference,
    load_reference_maps,
    load_validation,
)
from convert.handover.description import AnyHandover, Handover, read_handover
from convert.handover.finder import FinderHandover
from convert.job import Job
from convert.stations import finder_compare
from convert.stations.compare import PYTORCH, compare_forms, compare_unlabelled, read_all
from convert.stations.layers import layer_errors
from convert.stations.manifests import make_manifest
from convert.stations.onnx2tf import (
    TIMEOUT_SECONDS,
    WORKER,
    converter_tools,
    copy_whole,
    fill_scratch,
    run_worker,
)
from convert.tflite.runners import replay, tflite_form
from device.contract.decoding import landmark_decoder
from device.contract.files import write_whole_bytes
from device.contract.manifest import manifest_path_of, read_model_manifest, write_manifest

COMPARED_CROPS = 20
WORKER_OUTPUTS = ("student_float16.tflite", "student_int16x8.tflite")
"""What the worker's files are called, whatever the network."""


def settings(job: Job) -> dict[str, Any]:
    """Tools, and what sets the ranges."""
    return {
        "tools": converter_tools(job.converter),
        "calibration_crops": job.settings.calibration_crops,
        "timeout_seconds": TIMEOUT_SECONDS,
    }


def models(job: Job) -> dict[str, Path]:
    """Every TFLite file by its arithmetic."""
    return {
        "float32": job.float_model,
        "float16": job.float16_model,
        "int16x8": job.int16_model,
        "int8": job.int8_model,
    }


def _make(job: Job, handover: AnyHandover) -> None:
    """Both files with their manifests; the SavedModel of station 3 is still in the scratch folder."""
    if not job.scratch.is_dir():
        fill_scratch(job)
    run_worker(job.converter, WORKER, job.scratch, job.work / "variants.log", WORKER_OUTPUTS)
    kept = (job.float16_model, job.int16_model)
    for model, name in zip(kept, WORKER_OUTPUTS, strict=True):
        copy_whole(job.scratch / name, model)
        arithmetic = model.stem.rsplit("_", 1)[1]
        manifest = make_manifest(model, handover, f"{handover.name}-{arithmetic}", {})
        write_manifest(manifest, manifest_path_of(model))


def _compare_landmarks(job: Job, handover: Handover) -> Mapping[str, Any]:
    validation = load_validation(job.validation, handover)
    reference = load_reference(job.reference, handover, len(validation.crops))
    decode = landmark_decoder(handover.codec, handover.crop.size_wh, handover.landmark_scheme.count)
    forms = {handover.original: replay(reference)} | {
        name: tflite_form(model, read_model_manifest(model), decode) for name, model in models(job).items()
    }
    readings = read_all(forms, validation.crops[:COMPARED_CROPS])
    if validation.landmarks_crop is None:
        return compare_unlabelled(readings, (), handover)
    return compare_forms(readings, validation.landmarks_crop[:COMPARED_CROPS], handover.landmark_scheme)


def _compare_finder(job: Job, handover: FinderHandover) -> Mapping[str, Any]:
    pictures = load_pictures(job.validation, handover)
    few = PictureSet(pictures.crops[:COMPARED_CROPS], pictures.boxes[:COMPARED_CROPS])
    reference = load_reference_maps(job.reference, handover, len(pictures.crops))
    forms = {PYTORCH: finder_compare.replay(reference)} | {
        name: finder_compare.tflite_forms(model) for name, model in models(job).items()
    }
    comparison, _ = finder_compare.compare_forms(forms, few, handover)
    return comparison


def run(job: Job) -> str:
    """Write both files, compare them, and measure what each layer of the int8 file loses."""
    handover = read_handover(job.description)
    _make(job, handover)
    if isinstance(handover, FinderHandover):
        comparison = _compare_finder(job, handover)
        crops = load_pictures(job.validation, handover).crops
    else:
        comparison = _compare_landmarks(job, handover)
        crops = load_validation(job.validation, handover).crops
    layers = layer_errors(job.float_model, job.int8_model, crops[:COMPARED_CROPS])
    record = {"comparison": comparison, "layers": [layer.to_dict() for layer in layers]}
    write_whole_bytes(job.variants, (json.dumps(record, indent=1) + "\n").encode())
    worst = layers[0]
    return f"worst layer: {worst.operator} {worst.index} at {worst.signal_to_noise_db:.1f} dB"

"""Station 8, with --float-tail: int8 up to the last learnt layers, and float32 from there to the outputs.

A network that fuses maps in its graph, by a norm, sigmoids and products, loses more in int8 there than in all
its convolutions. This file is for a runtime that runs float operators beside int8 ones, as TFLite on a
processor does; an NPU takes the other.
"""

import json
from typing import Any

from convert.handover.arrays import load_reference, load_validation
from convert.handover.description import Handover, read_handover
from convert.job import Job
from convert.stations.compare import compare_forms, compare_unlabelled, read_all
from convert.stations.manifests import make_manifest
from convert.stations.onnx2tf import WORKER, converter_tools, copy_whole, fill_scratch, run_worker
from convert.tflite.runners import replay, tflite_form
from device.contract.decoding import landmark_decoder
from device.contract.errors import UsageError
from device.contract.files import write_whole_bytes
from device.contract.manifest import manifest_path_of, read_model_manifest, write_manifest

WORKER_OUTPUT = "student_float_tail.tflite"


def settings(job: Job) -> dict[str, Any]:
    """Tools, and what sets the ranges."""
    return {"tools": converter_tools(job.converter), "calibration_crops": job.settings.calibration_crops}


def _make(job: Job, handover: Handover) -> None:
    """The file with its manifest; the SavedModel of station 3 is mostly still in the scratch folder."""
    if not job.scratch.is_dir():
        fill_scratch(job)
    run_worker(job.converter, WORKER, job.scratch, job.work / "float_tail.log", (WORKER_OUTPUT,))
    copy_whole(job.scratch / WORKER_OUTPUT, job.float_tail_model)
    manifest = make_manifest(job.float_tail_model, handover, f"{handover.name}-float_tail", {})
    write_manifest(manifest, manifest_path_of(job.float_tail_model))


def run(job: Job) -> str:
    """Write the file and compare it with the int8 one on every validation crop.

    Raises:
        UsageError: a finder, whose outputs its learnt layers give.
        LandmarksError: as the converter says.
    """
    handover = read_handover(job.description)
    if not isinstance(handover, Handover):
        raise UsageError("--float-tail is for landmark networks: a finder's last layers are its learnt ones")
    _make(job, handover)
    validation = load_validation(job.validation, handover)
    reference = load_reference(job.reference, handover, len(validation.crops))
    decode = landmark_decoder(handover.codec, handover.crop.size_wh, handover.landmark_scheme.count)
    models = {"int8": job.int8_model, "float_tail": job.float_tail_model}
    forms = {handover.original: replay(reference)} | {
        name: tflite_form(model, read_model_manifest(model), decode) for name, model in models.items()
    }
    readings = read_all(forms, validation.crops)
    if validation.landmarks_crop is None:
        comparison = compare_unlabelled(readings, (), handover)
    else:
        comparison = compare_forms(readings, validation.landmarks_crop, handover.landmark_scheme)
    write_whole_bytes(job.float_tail, (json.dumps(comparison, indent=1) + "\n").encode())
    moved = {
        name: comparison["models"][name]["difference"]["landmarks_px"]["mean"]
        for name in ("int8", "float_tail")
    }
    return f"landmarks moved by {moved['float_tail']:.2f} pixels, in int8 by {moved['int8']:.2f}"

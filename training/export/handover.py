"""The handover: a folder of plain data files from which `python -m convert` makes the device's model.

- network.onnx: the averaged network, (1, 3, S, S) to `heatmap` and `presence`
- calibration.npz: crops of training faces that set the integer ranges
- validation.npz: crops with their true landmarks, for the comparison of each step
- reference.npz: the PyTorch network's landmarks and presence logits on those crops
- handover.json: scheme, crop rule, codec, provenance
"""

import dataclasses
import json
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from device.contract.arrays import write_arrays
from device.contract.codec import COORDINATES
from device.contract.decoding import LandmarkDecoder, landmark_decoder
from device.contract.files import sha256_of, write_whole_bytes
from device.contract.landmarks import SCHEMES
from device.contract.manifest import CodecRule
from device.contract.provenance import KEY, check_open, merged
from training.data.crops import CropSet
from training.engine.checkpoint import load_network, load_values, recorded_sources
from training.engine.settings import RunSettings
from training.export.handover_faces import HandoverFaces, handover_faces
from training.export.onnx_file import outputs_on, write_onnx
from training.export.shape import shape_figures, shape_text
from training.measure.certainty import Certainty, measure_certainty
from training.models import ModelSettings
from training.models.decode import check_finds_landmarks, codec_of, stride_of

HALF_SCORE_CELLS = 1.5
"""Spread at which a landmark's score is one half, in cells of the map, where none can be fitted."""


def write_crops(crops: CropSet, path: Path) -> None:
    """Crops, true landmarks and names as one .npz.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    write_arrays(path, crops=crops.crops, landmarks_crop=crops.landmarks_crop, names=np.array(crops.names))


def write_reference(model: nn.Module, crops: NDArray[np.uint8], decode: LandmarkDecoder, path: Path) -> None:
    """Write the PyTorch network's landmarks (N, K, 2) and presence logits (N,) on the crops.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    maps, presence = outputs_on(model, crops)
    write_arrays(path, landmarks_crop=np.stack([decode(each) for each in maps]), presence=presence.ravel())


def target_of(model: ModelSettings) -> str:
    """`cpu` for a published network, whose operators are its authors' choice, else `npu`.

    Networks on a plain backbone keep to the operators that every int8 compiler maps.
    """
    arguments, family = model.arguments, model.family
    fused = bool(arguments.get("fused_graph", family == "attention_net"))
    swish = bool(arguments.get("hard_swish", family == "integral_net"))
    published = arguments.get("backbone", "plain") != "plain" or fused or swish
    return "cpu" if published else "npu"


def codec_values(model: nn.Module, settings: RunSettings, faces: HandoverFaces) -> dict[str, Any]:
    """How the output is read: the codec, its stride, and what turns a map's spread into a score.

    Args:
        model: in evaluation mode.
        settings: of its run.
        faces: to fit to.
    """
    side, scheme = settings.model.input_side, SCHEMES[settings.scheme]
    with torch.no_grad():
        raw, _ = model(torch.zeros(1, 3, side, side))
    codec = codec_of(model)
    stride = stride_of(codec, raw, side)
    certainty = Certainty(HALF_SCORE_CELLS * stride, 0.0)
    good = faces.trusted_crops(settings.margin, side)
    if codec != COORDINATES and len(good.crops):
        # Without the shape's correction: it was fitted to these very faces, and flatters them.
        certainty = measure_certainty(model, good, scheme, stride)
    return {"name": codec, "stride": stride, **dataclasses.asdict(certainty)}


def source_commit() -> str:
    """The commit the code stands at, `+` when files differ from it; empty outside a checkout."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], capture_output=True, text=True, check=True).stdout.strip()

    try:
        commit, changed = git("rev-parse", "--short=12", "HEAD"), git("status", "--porcelain", "-uno")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return commit + ("+" if changed else "")


def write_handover(run: Path, name: str, data: Path | None, runs: Path) -> Path:
    """Write RUN/handover from RUN/network.pt and its data; returns the folder.

    Args:
        run: folder of a finished run.
        name: what the model will be called in the stream.
        data: folder with the data sets; None for drawn faces.
        runs: folder of all runs, for the cache.

    Raises:
        BadInputError: the run is not finished, or its data is missing.
        RefusedError: the name begins with `open`, and a source is not free.
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    model, settings = load_network(run / "network.pt")
    check_finds_landmarks(model, str(run))
    folder, side = run / "handover", settings.model.input_side
    faces = handover_faces(settings, data, runs / "packs")
    sources = merged(recorded_sources(load_values(run / "network.pt")), faces.sources)
    check_open(name, {KEY: msgspec.to_builtins(sources)})
    write_onnx(model, (side, side), ("heatmap", "presence"), folder / "network.onnx")
    write_crops(faces.calibration, folder / "calibration.npz")
    write_crops(faces.validation, folder / "validation.npz")
    shape = shape_text(model, settings, faces.trusted)
    codec = {**codec_values(model, settings, faces), "shape": shape}
    decode = landmark_decoder(CodecRule(**codec), (side, side), SCHEMES[settings.scheme].count)
    write_reference(model, faces.validation.crops, decode, folder / "reference.npz")
    values: dict[str, Any] = {
        "schema": 1,
        "name": name,
        "scheme": settings.scheme,
        "crop": {"margin": settings.margin, "size_wh": [side, side], "channels": "bgr"},
        "codec": codec,
        "target": target_of(settings.model),
        "presence_learnt": settings.augment.faceless,
        "provenance": {
            "run": settings.name,
            "teacher": ", ".join(settings.teacher_runs),
            "source_commit": source_commit(),
            "checkpoint_sha256": sha256_of(run / "network.pt"),
            "training_faces": faces.trained,
            "images_seen": settings.optimiser.images,
            "seed": settings.seed,
            KEY: msgspec.to_builtins(sources),
            "calibration_crops": len(faces.calibration.names),
            "validation_crops": len(faces.validation.names),
            **shape_figures(model, shape, faces.validation, SCHEMES[settings.scheme]),
        },
    }
    write_whole_bytes(folder / "handover.json", (json.dumps(values, indent=1) + "\n").encode())
    return folder

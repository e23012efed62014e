"""What training hands to conversion: a folder of plain files, so that neither needs the other's code.

- network.pt2: the averaged network as an exported program, (1, 3, S, S) to maps and presence
- calibration.npz: crops of training faces that set the integer ranges
- validation.npz: crops with their true landmarks, for the comparison of each step
- handover.json: scheme, crop rule, codec, provenance
"""

import dataclasses
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from device.contract.codec import COORDINATES
from device.contract.files import sha256_of, write_whole, write_whole_bytes
from device.contract.landmarks import SCHEMES
from training.data.validation import CropSet
from training.engine.checkpoint import LandmarkRun, load_network
from training.engine.shards import write_saved
from training.export.handover_faces import HandoverFaces, handover_faces
from training.export.shape import shape_figures, shape_text
from training.measure.certainty import Certainty, measure_certainty
from training.models import ModelSettings
from training.models.decode import codec_of, stride_of

HALF_SCORE_CELLS = 1.5
"""Spread at which a landmark's score is one half, in cells of the map, where none can be fitted."""


def export_program(model: nn.Module, size_hw: tuple[int, int], path: Path) -> None:
    """A network of any input size as an exported program of static batch 1.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    image = torch.zeros(1, 3, *size_hw)
    program = torch.export.export(model.eval().float().cpu(), (image,), strict=True)
    write_saved(lambda stream: torch.export.save(program, stream), path)


def export_network(model: nn.Module, side: int, path: Path) -> None:
    """A landmark network of `side` input pixels, likewise."""
    export_program(model, (side, side), path)


def write_crops(crops: CropSet, path: Path) -> None:
    """Crops, true landmarks and names as one .npz.

    Raises:
        WriteFailedError: the folder cannot be written or the disk is full.
    """

    def fill(beside: Path) -> None:
        with beside.open("wb") as stream:
            np.savez_compressed(
                stream, crops=crops.crops, landmarks_crop=crops.landmarks_crop, names=np.array(crops.names)
            )

    write_whole(path, fill)


def needs_any_operator(model: ModelSettings) -> bool:
    """Whether a network is a published one, whose operators are measured on the device and not judged.

    Those on a plain backbone keep to the operators that every int8 compiler maps.
    """
    arguments, family = model.arguments, model.family
    fused = bool(arguments.get("fused_graph", family == "attention_net"))
    swish = bool(arguments.get("hard_swish", family == "integral_net"))
    return arguments.get("backbone", "plain") != "plain" or fused or swish


def codec_values(model: nn.Module, settings: LandmarkRun, faces: HandoverFaces) -> dict[str, Any]:
    """How the output is read: the codec, its stride, and what turns a map's spread into a score.

    Args:
        model: in evaluation mode.
        settings: of its run.
        faces: to fit to.
    """
    side, scheme, crops = settings.model.input_side, SCHEMES[settings.scheme], faces.calibration
    with torch.no_grad():
        raw, _ = model(torch.zeros(1, 3, side, side))
    codec = codec_of(model)
    stride = stride_of(codec, raw, side)
    chosen = [number for number, name in enumerate(crops.sources) if name == faces.validation.sources[0]]
    certainty = Certainty(HALF_SCORE_CELLS * stride, 0.0)
    if codec != COORDINATES and chosen:
        good = CropSet(crops.crops[chosen], crops.landmarks_crop[chosen], [], [])
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
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    model, settings = load_network(run / "network.pt")
    folder, side = run / "handover", settings.model.input_side
    faces = handover_faces(settings, data, runs / "packs")
    export_network(model, side, folder / "network.pt2")
    write_crops(faces.calibration, folder / "calibration.npz")
    write_crops(faces.validation, folder / "validation.npz")
    shape = shape_text(model, settings, faces.trusted)
    values: dict[str, Any] = {
        "schema": 1,
        "name": name,
        "scheme": settings.scheme,
        "crop": {"margin": settings.margin, "size_wh": [side, side], "channels": "bgr"},
        "codec": {**codec_values(model, settings, faces), "shape": shape},
        "any_operator": needs_any_operator(settings.model),
        "presence_learnt": settings.augment.faceless,
        "provenance": {
            "run": settings.name,
            "teacher": settings.teacher,
            "source_commit": source_commit(),
            "checkpoint_sha256": sha256_of(run / "network.pt"),
            "training_faces": faces.trained,
            "images_seen": settings.optimiser.images,
            "seed": settings.seed,
            "calibration_crops": len(faces.calibration.names),
            "validation_crops": len(faces.validation.names),
            **shape_figures(model, shape, faces.validation, SCHEMES[settings.scheme]),
        },
    }
    write_whole_bytes(folder / "handover.json", (json.dumps(values, indent=1) + "\n").encode())
    return folder

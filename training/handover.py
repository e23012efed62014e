"""What training hands to conversion: a folder of plain files, so that neither needs the other's code.

- network.pt2: the averaged network as an exported program, (1, 3, S, S) to maps and presence
- calibration.npz: crops of training faces that set the integer ranges
- validation.npz: crops with their true landmarks, for the comparison of each step
- handover.json: scheme, crop rule, codec, provenance
"""

import dataclasses
import json
import subprocess
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from device.contract.codec import COORDINATES
from device.contract.errors import BadInputError
from device.contract.files import sha256_of, write_whole, write_whole_bytes
from device.contract.landmarks import SCHEMES, LandmarkScheme
from training.certainty import Certainty, measure_certainty
from training.checkpoint import LandmarkRun, load_network
from training.datasets.sample import Sample
from training.decode import codec_of, stride_of
from training.models import ModelSettings
from training.pack import cut_background
from training.runs import read_run_data
from training.shards import write_saved
from training.validation import CropSet, cut_crops

CALIBRATION_CROPS = 256
"""Faces that set the integer ranges ..."""
FACELESS_CROPS = 64
"""... and crops of the same pictures without one: the presence logit's range must reach below zero."""
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


def thinned(samples: Sequence[Sample], count: int) -> list[Sample]:
    """`count` samples spread evenly over the list, so that every set is there."""
    chosen = np.linspace(0, len(samples) - 1, min(count, len(samples))).astype(int)
    return [samples[index] for index in chosen]


def ground_crops(samples: Sequence[Sample], side: int) -> list[NDArray[np.uint8]]:
    """Up to FACELESS_CROPS pieces of the samples' pictures without a labelled face."""
    grounds = (cut_background(sample, [sample.box], side) for sample in samples)
    return list(islice((ground for ground in grounds if ground is not None), FACELESS_CROPS))


def with_grounds(crops: CropSet, grounds: Sequence[NDArray[np.uint8]]) -> CropSet:
    """Crops of faces followed by faceless ones, whose landmarks are no numbers."""
    nowhere = np.full((len(grounds), *crops.landmarks_crop.shape[1:]), np.nan, np.float32)
    return CropSet(
        np.concatenate([crops.crops, *(ground[None] for ground in grounds)]),
        np.concatenate([crops.landmarks_crop, nowhere]),
        crops.names + [f"ground/{number}" for number in range(len(grounds))],
        crops.sources + ["ground"] * len(grounds),
    )


def handover_crops(settings: LandmarkRun, data: Path | None, cache: Path) -> tuple[CropSet, CropSet, int]:
    """Calibration crops (training faces only), validation crops, and the number of training faces.

    Of several validation sets the first counts: 300-W's labels are made by hand.

    Raises:
        BadInputError: the data folder is missing or damaged.
    """
    side, margin = settings.model.input_side, settings.margin
    if settings.data.kind == "synthetic":
        from training.synthetic_set import synthetic_crops, synthetic_grounds

        faces, unseen = synthetic_crops(settings.data, margin, side, cache, CALIBRATION_CROPS)
        grounds = synthetic_grounds(FACELESS_CROPS, side, settings.data.seed)
        return with_grounds(faces, grounds), unseen, settings.data.faces
    if data is None:
        raise BadInputError(f"run {settings.name} learnt from a data folder: give --data FOLDER")
    split = read_run_data(settings, data)
    first = split.validation[0].source
    held_out = [sample for sample in split.validation if sample.source == first]
    chosen = thinned(split.train, CALIBRATION_CROPS)
    calibration = with_grounds(cut_crops(chosen, margin, side), ground_crops(chosen, side))
    return calibration, cut_crops(held_out, margin, side), len(split.train)


def needs_any_operator(model: ModelSettings) -> bool:
    """Whether a network is a published one, whose operators are measured on the device and not judged.

    Those on a plain backbone keep to the operators that every int8 compiler maps.
    """
    arguments, family = model.arguments, model.family
    fused = bool(arguments.get("fused_graph", family == "attention_net"))
    swish = bool(arguments.get("hard_swish", family == "integral_net"))
    return arguments.get("backbone", "plain") != "plain" or fused or swish


def codec_values(
    model: nn.Module, side: int, faces: CropSet, source: str, scheme: LandmarkScheme
) -> dict[str, Any]:
    """How the output is read: the codec, its stride, and what turns a map's spread into a score.

    Args:
        model: in evaluation mode.
        side: of its input, pixels.
        faces: calibration crops.
        source: the set among them whose labels are good enough to say what an error is.
        scheme: of the landmarks.
    """
    with torch.no_grad():
        raw, _ = model(torch.zeros(1, 3, side, side))
    codec = codec_of(model)
    stride = stride_of(codec, raw, side)
    chosen = [number for number, name in enumerate(faces.sources) if name == source]
    certainty = Certainty(HALF_SCORE_CELLS * stride, 0.0)
    if codec != COORDINATES and chosen:
        good = CropSet(faces.crops[chosen], faces.landmarks_crop[chosen], [], [])
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
    calibration, validation, faces = handover_crops(settings, data, runs / "packs")
    export_network(model, side, folder / "network.pt2")
    write_crops(calibration, folder / "calibration.npz")
    write_crops(validation, folder / "validation.npz")
    values: dict[str, Any] = {
        "schema": 1,
        "name": name,
        "scheme": settings.scheme,
        "crop": {"margin": settings.margin, "size_wh": [side, side], "channels": "bgr"},
        "codec": codec_values(model, side, calibration, validation.sources[0], SCHEMES[settings.scheme]),
        "any_operator": needs_any_operator(settings.model),
        "provenance": {
            "run": settings.name,
            "teacher": settings.teacher,
            "source_commit": source_commit(),
            "checkpoint_sha256": sha256_of(run / "network.pt"),
            "training_faces": faces,
            "images_seen": settings.optimiser.images,
            "seed": settings.seed,
            "calibration_crops": len(calibration.names),
            "validation_crops": len(validation.names),
        },
    }
    write_whole_bytes(folder / "handover.json", (json.dumps(values, indent=1) + "\n").encode())
    return folder

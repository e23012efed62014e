"""A finder's handover: the same files as a landmark network's.

- network.onnx: the averaged network, (1, 3, H, W) to `score`, `box` and `points`
- calibration.npz: augmented canvases of training pictures, which set the integer ranges
- validation.npz: held-out pictures as the device sees them, each with its face's box or none
- reference.npz: the PyTorch network's three maps on those pictures
- handover.json: input, codec, provenance
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from device.contract.arrays import write_arrays
from device.contract.files import sha256_of, write_whole_bytes
from device.contract.provenance import KEY, check_open, merged
from training.engine.checkpoint import load_values, recorded_sources
from training.engine.loop import step_seed
from training.export.handover import source_commit
from training.export.onnx_file import outputs_on, write_onnx
from training.finder.augment import Composer
from training.finder.run import load_finder, load_run_pictures, make_composer
from training.finder.settings import FinderRun
from training.finder.task import RULE
from training.finder.validation import PictureSet

OUTPUTS = ("score", "box", "points")
"""Of the network, in order."""
CALIBRATION_CANVASES = 256
"""They hold faces of every size and ground without any, as all the ranges need."""
MIN_SCORE = 0.5
"""Score from which on a cell claims a face: false alarms under 1 % ask for no more, recall for no less
(python -m training evaluate-finder)."""


def calibration_canvases(composer: Composer, settings: FinderRun) -> NDArray[np.uint8]:
    """(N, H, W, 3) BGR canvases of one seed, none of which the training drew."""
    rng = torch.Generator(composer.pack.kinds.device).manual_seed(step_seed(settings.seed + 1, 0))
    pictures = torch.randint(
        len(composer.pack.kinds), (CALIBRATION_CANVASES,), generator=rng, device=rng.device
    )
    parts = [composer.batch(part, rng).image for part in pictures.split(settings.optimiser.batch)]
    pixels = (torch.cat(parts) * 128 + 128).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(pixels.permute(0, 2, 3, 1).cpu().numpy())


def first_boxes(pictures: PictureSet) -> NDArray[np.float32]:
    """(N, 4) the labelled face of each picture; no numbers where there is none."""
    nowhere = np.full(4, np.nan, np.float32)
    return np.stack([boxes[0] if len(boxes) else nowhere for boxes in pictures.boxes])


def write_files(
    folder: Path,
    network: tuple[nn.Module, FinderRun],
    canvases: NDArray[np.uint8],
    pictures: PictureSet,
    texts: dict[str, Any],
) -> None:
    """Write the five files.

    Args:
        folder: made if need be.
        network: in evaluation mode, with the settings it was trained by.
        canvases: (N, H, W, 3) for calibration.
        pictures: for the comparison.
        texts: `name` and `provenance`.
    """
    model, settings = network
    width, height = settings.model.input_wh
    write_onnx(model, (height, width), OUTPUTS, folder / "network.onnx")
    write_arrays(folder / "calibration.npz", crops=canvases)
    write_arrays(folder / "validation.npz", crops=pictures.inputs, boxes=first_boxes(pictures))
    maps = outputs_on(model, pictures.inputs)
    write_arrays(folder / "reference.npz", **dict(zip(OUTPUTS, maps, strict=True)))
    codec = msgspec.to_builtins(msgspec.structs.replace(RULE, score_threshold=MIN_SCORE))
    values = {"schema": 1, "task": "finder", "input_wh": [width, height], "codec": codec, **texts}
    write_whole_bytes(folder / "handover.json", (json.dumps(values, indent=1) + "\n").encode())


def write_finder_handover(run: Path, name: str, data: Path | None, teacher: Path | None, runs: Path) -> Path:
    """Write RUN/handover from RUN/network.pt and its data; returns the folder.

    Args:
        run: folder of a finished run.
        name: what the finder will be called.
        data: folder with the data sets.
        teacher: YuNet's ONNX file, where the run was taught by it.
        runs: folder of all runs, for the cache.

    Raises:
        BadInputError: the run is not finished, or its data is missing.
        RefusedError: the name begins with `open`, and a source is not free.
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    model, settings = load_finder(run / "network.pt")
    pack, pictures, read = load_run_pictures(settings, data, teacher, runs / "packs")
    sources = merged(recorded_sources(load_values(run / "network.pt")), read)
    check_open(name, {KEY: msgspec.to_builtins(sources)})
    canvases = calibration_canvases(make_composer(pack, settings, torch.device("cpu")), settings)
    provenance = {
        "run": settings.name,
        "source_commit": source_commit(),
        "checkpoint_sha256": sha256_of(run / "network.pt"),
        "teacher_sha256": sha256_of(teacher) if teacher and settings.data.teacher != "none" else "",
        "training_pictures": len(pack.images),
        "training_grounds": len(pack.grounds),
        "images_seen": settings.optimiser.images,
        "seed": settings.seed,
        KEY: msgspec.to_builtins(sources),
        "calibration_crops": len(canvases),
        "validation_crops": len(pictures.inputs),
    }
    texts = {"name": name, "provenance": provenance}
    write_files(run / "handover", (model, settings), canvases, pictures, texts)
    return run / "handover"

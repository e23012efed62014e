"""What the browser's own demo needs of the device: models, rules, the demo camera's picture and path.

    python -m device.web.demo FOLDER

`make web-demo` calls it. In the browser the device's pipeline is written again in TypeScript
(client/src/local); every number that it works with comes from here, so that the two cannot differ.
"""

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from device.contract.codec import HALF_SCORE_ERROR
from device.contract.errors import run_program
from device.contract.exit_codes import ExitCode
from device.contract.files import write_whole_bytes
from device.contract.landmarks import SCHEMES
from device.contract.manifest import manifest_path_of
from device.finders.trained import SHIPPED as FINDER
from device.inference.models import ACCURATE_MODEL, find_model, shipped_models
from device.signal.mean_face import front_radius, mean_landmarks
from device.signal.pose import CONVERGED, MAX_STEPS, SOLID_POINTS
from device.signal.pose import MAX_STEP as MAX_POSE_STEP
from device.signal.reader import MAX_GAP_SECONDS
from device.signal.settings import SignalSettings
from device.signal.smoothing import SMOOTHINGS
from device.sources.demo_path import ROUND_SECONDS, SIDE, DemoPath
from device.sources.demo_photo import PHOTO
from device.sources.demo_picture import DRAWN_FACE, demo_face
from device.tracking import motion, orientation, track
from device.tracking.observation import OUTSIDE_ERROR
from device.tracking.settings import TrackerSettings


def rules() -> dict[str, Any]:
    """Settings and constants by the names of client/src/local/rules.ts."""
    signal = SignalSettings()
    return {
        "tracker": dataclasses.asdict(TrackerSettings()),
        "motion": {
            "held_move": motion.HELD_MOVE,
            "held_turn": motion.HELD_TURN,
            "max_seconds": motion.MAX_SECONDS,
            "max_growth": motion.MAX_GROWTH,
            "rate_gains": motion.RATE_GAINS,
            "crop_gains": motion.CROP_GAINS,
        },
        "track": {
            "suspect_seconds": track.SUSPECT_SECONDS,
            "memory_seconds": track.MEMORY_SECONDS,
            "turn_check_seconds": track.TURN_CHECK_SECONDS,
            "max_roll_step": track.MAX_ROLL_STEP,
        },
        "orientation": {
            "sure_score": orientation.SURE_SCORE,
            "contradicting_iou": orientation.CONTRADICTING_IOU,
        },
        "observation": {"outside_error": OUTSIDE_ERROR, "half_score_error": HALF_SCORE_ERROR},
        "smoothing": _smoothing(signal),
        "view_degrees": signal.view_degrees,
        "pose": {
            "solid_points": SOLID_POINTS.tolist(),
            "max_steps": MAX_STEPS,
            "converged": CONVERGED,
            "max_step": MAX_POSE_STEP,
        },
        "front_radius": front_radius(),
        "mean_face": mean_landmarks().tolist(),
        "eye_rings": {name: scheme.eye_rings for name, scheme in SCHEMES.items()},
    }


def _smoothing(signal: SignalSettings) -> dict[str, Any] | None:
    if signal.smoothing not in SMOOTHINGS:
        return None
    chosen = dataclasses.asdict(SMOOTHINGS[signal.smoothing])
    return {"whole": chosen["whole"], "shape": chosen["shape"], "max_gap_seconds": MAX_GAP_SECONDS}


def demo_path() -> dict[str, Any]:
    """One round of the demo camera: for each frame the map from the picture to it, and its brightness."""
    path = DemoPath()
    numbers = range(round(ROUND_SECONDS * path.fps))
    return {
        "side": SIDE,
        "size": path.size_wh,
        "fps": path.fps,
        "frames": [
            [*np.round(path.photo_to_frame(number).matrix, 6).ravel().tolist(), path.brightness(number)]
            for number in numbers
        ],
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    write_whole_bytes(path, json.dumps(content).encode())


def write_contents(folder: Path) -> None:
    """Write models, rules, picture and path below a folder.

    Raises:
        MissingOutsideError: the picture is missing or damaged.
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    demo_face()
    sizes = {name: find_model(name).stat().st_size for name in shipped_models()}
    names = sorted(sizes, key=lambda name: (name != ACCURATE_MODEL, sizes[name]))
    models = {name: find_model(name) for name in names} | {"finder": FINDER}
    for name, model in models.items():
        for file in (model, manifest_path_of(model), model.parent / "MODEL_CARD.md"):
            write_whole_bytes(folder / "models" / name / file.name, file.read_bytes())
    _write_json(folder / "models" / "contents.json", {"models": names, "rules": rules()})
    _write_json(folder / "demo" / "path.json", demo_path())
    picture = PHOTO if PHOTO.is_file() else DRAWN_FACE
    write_whole_bytes(folder / "demo" / "picture.jpg", picture.read_bytes())


def main(arguments: Sequence[str] | None = None) -> int:
    """Write what the browser's own demo needs of the device into a folder."""
    parser = argparse.ArgumentParser(prog="python -m device.web.demo", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="of the demo's page")
    write_contents(parser.parse_args(arguments).folder)
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(run_program(main))

"""Golden outputs: what each shipped model computed from a few crops when it was released.

`python -m device.checks.selftest.golden` runs the shipped models and stores their outputs in
`golden/NAME-SHA8.npz`. The self-test runs them again and compares, in steps of the int8 outputs.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.checks.selftest.check import Check
from device.checks.selftest.crops import golden_crops
from device.contract.errors import run_program
from device.contract.exit_codes import ExitCode
from device.contract.files import write_whole
from device.contract.finder_manifest import FinderManifest, read_finder_model
from device.contract.manifest import ModelManifest, read_model_manifest
from device.inference.interpreter import fill_input, load_interpreter
from device.sources.demo_picture import drawn_face

GOLDEN = Path(__file__).parent / "golden"
"""Where the outputs are stored."""

MODELS = Path(__file__).parents[2] / "models"
"""The shipped models, each in a folder of its name."""

MAX_STEPS = 1
"""Difference of an int8 output between two machines: another processor may round a tie the other way.
`make test-pi` finds none on a Pi 4's and a Pi 5's; kernels without XNNPACK round otherwise and reach 3."""

Outputs = dict[str, NDArray[np.int8]]
"""Each tensor of each crop by `CROP/TENSOR`, and each crop's own hash by `CROP`."""


def shipped_files() -> list[Path]:
    """Every model file in the package: landmark networks and the finder."""
    return sorted(MODELS.glob("*/*.tflite"))


def read_any_manifest(model: Path) -> ModelManifest | FinderManifest:
    """The manifest of a landmark network or a finder, checked with its file.

    Raises:
        BadInputError: the model or its manifest is missing, unreadable, or they do not fit.
    """
    return read_finder_model(model) if model.stem == "finder" else read_model_manifest(model)


def golden_file(manifest: ModelManifest | FinderManifest) -> Path:
    """Where a model's golden outputs lie; another version of the model has another name."""
    return GOLDEN / f"{manifest.name}-{manifest.sha256[:8]}.npz"


def run_crops(model: Path) -> Outputs:
    """A model's raw outputs for every golden crop.

    Raises:
        BadInputError: the model cannot be used.
        MissingOutsideError: no TFLite runtime, or the drawn face is damaged.
    """
    manifest = read_any_manifest(model)
    interpreter = load_interpreter(model, threads=1)
    height, width = manifest.input.shape[1:3]
    buffer = np.zeros(manifest.input.shape, manifest.input.dtype)
    entry = interpreter.get_input_details()[0]["index"]
    outputs: Outputs = {}
    for name, crop in golden_crops(drawn_face(), (width, height)).items():
        fill_input(crop, manifest.pixel_offset, buffer[0])
        interpreter.set_tensor(entry, buffer)
        interpreter.invoke()
        outputs[name] = np.frombuffer(hashlib.sha256(crop.tobytes()).digest(), np.int8)
        for tensor in interpreter.get_output_details():
            outputs[f"{name}/{tensor['name']}"] = interpreter.get_tensor(tensor["index"]).copy()
    return outputs


def write_golden(model: Path) -> Path:
    """Store a model's outputs, in place of those of its earlier versions.

    Raises:
        BadInputError: the model cannot be used.
        MissingOutsideError: no TFLite runtime, or the drawn face is damaged.
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    manifest, outputs = read_any_manifest(model), run_crops(model)
    stored = golden_file(manifest)
    # A file, not its name: numpy would add an ending of its own.
    write_whole(stored, lambda beside: _save(beside, outputs))
    for old in set(GOLDEN.glob(f"{manifest.name}-*.npz")) - {stored}:
        old.unlink()
    return stored


def _save(path: Path, outputs: Outputs) -> None:
    with path.open("wb") as stream:
        np.savez_compressed(stream, **outputs)  # type: ignore[arg-type]


def check_golden(model: Path) -> list[Check]:
    """Whether a model still computes its golden outputs; no check for a model of the user's own.

    Raises:
        BadInputError: the model cannot be used.
        MissingOutsideError: no TFLite runtime, or the drawn face is damaged.
    """
    manifest = read_any_manifest(model)
    stored = golden_file(manifest)
    name = f"golden {manifest.identity}" if isinstance(manifest, ModelManifest) else f"golden {manifest.name}"
    if not stored.is_file():
        if model not in shipped_files():
            return []
        remedy = "make them with `python -m device.checks.selftest.golden`"
        return [Check(name, False, "no golden outputs", str(stored), remedy)]
    with np.load(stored, allow_pickle=False) as expected:
        return [compare_outputs(name, dict(expected), run_crops(model))]


def compare_outputs(name: str, expected: Outputs, got: Outputs) -> Check:
    """The largest difference over all crops and tensors, in steps."""
    crops = [key for key in expected if "/" not in key]
    wanted = f"at most {MAX_STEPS} step"
    other = [crop for crop in crops if crop not in got or (expected[crop] != got[crop]).any()]
    if other or set(expected) != set(got):
        remedy = "install this package again, or make the golden outputs anew with `make golden`"
        return Check(name, False, f"other crops ({', '.join(other)})", "the same crops", remedy)
    steps = {key: _max_steps(expected[key], got[key]) for key in expected if "/" in key}
    worst = max(steps, key=lambda key: steps[key])
    found = f"{steps[worst]} step(s) apart at most, {len(crops)} crops"
    if steps[worst] <= MAX_STEPS:
        return Check(name, True, found, wanted)
    remedy = "the runtime computes this model differently: reinstall ai-edge-litert as requirements say"
    return Check(name, False, f"{found} (in {worst})", wanted, remedy)


def _max_steps(expected: NDArray[np.int8], got: NDArray[np.int8]) -> int:
    return int(np.abs(expected.astype(np.int16) - got).max())


def main() -> int:
    """Store the outputs of every shipped model."""
    for model in shipped_files():
        print(write_golden(model))
    return int(ExitCode.DONE)


if __name__ == "__main__":
    sys.exit(run_program(main))

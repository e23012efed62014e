"""What ai-edge-quantizer makes of converted networks, beside the product's own int8 file.

    python -m tests.benchmarks.quantizers RUN/model... --data DATA [--out convert/README.md]

Each RUN has its `handover`, and `model/work` with the files of `make convert RUN=RUN`. The float32 file is
quantised in an environment of its own, on the product's calibration crops. Every file is measured on the
faces of 300w/validation.txt in shaken boxes. `--out` puts the rows into a page with the table's marks, in the
place of those of the same networks. `make quantizers RUN=RUN DATA=DATA` does it for one run.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.edgetpu.fit import fit_of
from convert.environments import ETHOS_U, ToolEnvironment, child_environment
from convert.ethosu.vela import TARGETS, compile_for
from convert.handover.arrays import load_calibration, load_validation
from convert.handover.description import Handover, read_handover
from convert.job import Job
from convert.stations.calibration import make_calibration_set
from convert.stations.layers import WORST, layer_errors
from convert.stations.manifests import make_manifest
from convert.tflite.file import Graph, Operator, read_graph
from convert.tflite.runners import Form, tflite_form
from device.contract.decoding import landmark_decoder
from device.contract.errors import BadInputError, LandmarksError
from device.contract.files import write_whole_bytes
from device.contract.geometry import CropTransform
from device.contract.manifest import manifest_path_of, read_model_manifest, write_manifest
from device.tracking.crop import crop_image
from training.data.sets.sample import Sample
from training.report.paired import paired_difference

QUANTIZER = ToolEnvironment(
    folder=".venv-quantizer",
    variable="LANDMARKS_QUANTIZER_PYTHON",
    packages=("ai-edge-quantizer", "ai-edge-litert"),
    holds="ai-edge-quantizer",
    built_by="make .venv-quantizer/.built",
)
WORKER = Path(__file__).with_name("quantizer_worker.py")
BEGIN, END = "<!-- quantisers -->\n", "<!-- end of quantisers -->\n"
HEAD = (
    "| network | file | NME, % | over float, points | ms | KiB | Edge TPU | Ethos-U |\n"
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
)
FLOAT = "float32"
COMPARED_CROPS = 20
"""On which a layer's error is measured, as `--all` does."""
REFUSED = "refused: "
"""Begins the worker's line on a recipe that does not fit the network."""
TURNS = 30
"""Inferences of each file, in turns with the others."""
NPU = TARGETS[1]
WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED")
"""Operators with weights, their second input."""


@dataclass(frozen=True)
class Recipe:
    """One way to quantise, as the worker reads it; weights have 8 bits, per channel."""

    title: str
    file: str
    activation_bits: int = 8
    averaged: bool = False
    """Ranges are a moving average over the crops, not their least and largest values."""
    float_names: tuple[str, ...] = ()
    """Outputs of the operators that stay float."""


@dataclass(frozen=True)
class Faces:
    """The crops that all files of a network see, cut from the same shaken boxes."""

    samples: list[Sample]
    crops: list[NDArray[np.uint8]]
    """(H, W, 3) each."""
    transforms: list[CropTransform]


def job_of(model: Path) -> Job:
    """The conversion that a run's `model` folder comes from.

    Raises:
        BadInputError: it holds no float32 file of a landmark network.
    """
    job = Job(handover=model.parent / "handover", out=model, converter=Path())
    if not job.float_model.is_file():
        raise BadInputError(
            f"no {job.float_model}: wanted RUN/model of a landmark network, by `make convert RUN=RUN`"
        )
    return job


def is_learnt(graph: Graph, node: Operator) -> bool:
    """Whether it has learnt weights; a table of zeros and ones is none."""
    if node.name not in WEIGHTED:
        return False
    values = graph.tensors[node.inputs[1]].values
    return values is None or not bool(np.isin(values, (0.0, 1.0)).all())


def last_layers(graph: Graph) -> tuple[str, ...]:
    """Names of the outputs of the last learnt layers, and of all between them and the file's outputs."""
    maker = {made: node for node in graph.operators for made in node.outputs}
    waiting = [graph.tensors.index(tensor) for tensor in graph.outputs]
    found: dict[int, str] = {}
    while waiting:
        place = waiting.pop()
        if place not in maker or place in found:
            continue
        found[place] = graph.tensors[place].name
        if not is_learnt(graph, maker[place]):
            waiting += [source for source in maker[place].inputs if source >= 0]
    return tuple(found.values())


def worst_layers(job: Job, handover: Handover) -> tuple[str, ...]:
    """Names of the outputs of the layers that lose most in the product's int8 file."""
    crops = load_validation(job.validation, handover).crops[:COMPARED_CROPS]
    graph = read_graph(job.int8_model)
    errors = layer_errors(job.float_model, job.int8_model, crops)[:WORST]
    return tuple(graph.tensors[graph.operators[each.index].outputs[0]].name for each in errors)


def recipes_of(job: Job, handover: Handover) -> list[Recipe]:
    """Everything that is compared with the product's own way."""
    last = last_layers(read_graph(job.float_model))
    return [
        Recipe("int8", "int8.tflite"),
        Recipe("int8, averaged ranges", "averaged.tflite", averaged=True),
        Recipe("int16 activations", "int16.tflite", activation_bits=16),
        Recipe("last layers float", "last.tflite", float_names=last),
        Recipe(f"{WORST} worst layers float", "worst.tflite", float_names=worst_layers(job, handover)),
    ]


def fill_folder(job: Job, handover: Handover, recipes: list[Recipe], folder: Path) -> None:
    """A new folder with the worker's inputs: the product's calibration set, and the recipes."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    crops, most = load_calibration(job.calibration, handover), job.settings.calibration_crops
    chosen = make_calibration_set(crops, most, faceless=handover.presence_learnt)
    np.save(folder / "calibration.npy", chosen)
    (folder / "recipes.json").write_text(json.dumps([asdict(recipe) for recipe in recipes]))


def run_worker(job: Job, folder: Path) -> list[str]:
    """Write the recipes' files; what the tool refuses is not there and has a line in the answer.

    Raises:
        MissingOutsideError: the quantiser's environment is not built.
        LandmarksError: the quantiser failed.
    """
    command = [QUANTIZER.find(os.environ).absolute(), "-I", WORKER, job.float_model.absolute()]
    ended = subprocess.run(
        [*map(str, command), "calibration.npy", "recipes.json"],
        cwd=folder, env=child_environment(os.environ), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if ended.returncode != 0:
        said = (ended.stderr.strip().splitlines() or ["nothing"])[-1]
        raise LandmarksError(f"ai-edge-quantizer failed on {job.float_model} ({said}), wanted its files")
    return [line for line in ended.stdout.splitlines() if line.startswith(REFUSED)]


def quantise(job: Job, handover: Handover, recipes: list[Recipe], folder: Path) -> None:
    """Write each recipe's file with its manifest into a new folder; those that the tool refuses are said."""
    fill_folder(job, handover, recipes, folder)
    for line in run_worker(job, folder):
        print(f"{handover.name}: {line}", file=sys.stderr)
    for model in folder.glob("*.tflite"):
        manifest = make_manifest(model, handover, f"{handover.name}-{model.stem}", {})
        write_manifest(manifest, manifest_path_of(model))


def files_of(job: Job, recipes: list[Recipe], folder: Path) -> dict[str, Path]:
    """Every file by its title, the float one first; the product's other forms where they are there."""
    own = {
        FLOAT: job.float_model,
        "product: int8": job.int8_model,
        "product: `--float-tail`": job.float_tail_model,
        "product: int16 activations": job.int16_model,
    }
    made = {f"quantizer: {recipe.title}": folder / recipe.file for recipe in recipes}
    return {title: path for title, path in {**own, **made}.items() if path.is_file()}


def faces_of(samples: list[Sample], handover: Handover) -> Faces:
    """Crops of the faces in shaken boxes, by the network's own rule."""
    from training.data.sets.picture import read_face_picture
    from training.measure.evaluate import boxes_of

    rule = handover.crop
    transforms = [
        CropTransform.for_box(box, rule.margin, rule.size_wh) for box in boxes_of(samples, "shaken")
    ]
    pairs = zip(samples, transforms, strict=True)
    crops = [crop_image(read_face_picture(sample), transform) for sample, transform in pairs]
    return Faces(samples, crops, transforms)


def form_of(model: Path, handover: Handover) -> Form:
    """A file as the conversion reads it, on one thread."""
    decode = landmark_decoder(handover.codec, handover.crop.size_wh, handover.landmark_scheme.count)
    return tflite_form(model, read_model_manifest(model), decode)


def forms_of(files: dict[str, Path], handover: Handover) -> dict[str, Form]:
    """Every file that the runtime can prepare; the others are left out and said."""
    forms = {}
    for title, path in files.items():
        try:
            forms[title] = form_of(path, handover)
        except RuntimeError as error:
            print(f"{handover.name}: {title} does not run: {error}", file=sys.stderr)
    return forms


def face_errors(form: Form, handover: Handover, faces: Faces) -> list[float]:
    """NME of each face, a fraction."""
    from training.measure.evaluate import errors_of

    pairs = zip(faces.crops, faces.transforms, strict=True)
    found = [transform.crop_to_frame(form(crop).landmarks_crop) for crop, transform in pairs]
    return errors_of(found, faces.samples, handover.landmark_scheme)


def times_ms(forms: dict[str, Form], crop: NDArray[np.uint8]) -> dict[str, float]:
    """Median processor time of an inference of each, milliseconds; all take turns, as caches are shared."""
    spent: dict[str, list[float]] = {title: [] for title in forms}
    for _ in range(TURNS):
        for title, form in forms.items():
            begin = time.thread_time()
            form(crop)
            spent[title].append(1000 * (time.thread_time() - begin))
    return {title: statistics.median(each) for title, each in spent.items()}


def edgetpu(model: Path) -> str:
    """Operators that the Edge TPU takes, by rule."""
    fit = fit_of(read_graph(model))
    return f"{fit.mapped} of {len(fit.operators)}"


def ethos_u(model: Path) -> str:
    """Operators that Vela puts on the NPU; why there is no number where it gives none."""
    interpreter = ETHOS_U.find(os.environ)
    with tempfile.TemporaryDirectory(prefix="vela-") as out:
        try:
            figures = compile_for(interpreter, model, NPU, Path(out) / "vela")
        except LandmarksError:
            return "refused"
    return f"{figures.npu_operators} of {figures.npu_operators + figures.cpu_operators}"


def rows_of(model: Path, samples: list[Sample]) -> list[str]:
    """The table's rows of one converted run.

    Raises:
        LandmarksError: a file is missing or damaged, or a tool fails.
    """
    job = job_of(model)
    handover = read_handover(job.description)
    if not isinstance(handover, Handover):
        raise BadInputError(f"{model} is a finder's, wanted a landmark network's")
    recipes, folder = recipes_of(job, handover), job.work / "quantizers"
    quantise(job, handover, recipes, folder)
    files, faces = files_of(job, recipes, folder), faces_of(samples, handover)
    forms = forms_of(files, handover)
    errors = {title: face_errors(form, handover, faces) for title, form in forms.items()}
    times = times_ms(forms, faces.crops[0])
    return [
        f"| {handover.name} | {title} | {100 * np.mean(errors[title]):.3f} | {cost(errors, title)} "
        f"| {times[title]:.1f} | {size_and_operators(files[title])} |"
        for title in forms
    ]


def cost(errors: dict[str, list[float]], title: str) -> str:
    """Percentage points of NME over the float file, face by face, with the interval of 95 %."""
    if title == FLOAT:
        return ""
    found = paired_difference([errors[title]], [errors[FLOAT]])
    return f"{100 * found.mean:+.3f} [{100 * found.low:+.3f}, {100 * found.high:+.3f}]"


def size_and_operators(path: Path) -> str:
    """The last cells: KiB, and what each accelerator takes."""
    return f"{path.stat().st_size / 1024:.0f} | {edgetpu(path)} | {ethos_u(path)}"


def network_of(row: str) -> str:
    """The first cell."""
    return row.split("|")[1].strip()


def with_rows(text: str, rows: list[str]) -> str:
    """The page with these rows behind those of other networks."""
    before, rest = text.split(BEGIN)
    table, after = rest.split(END)
    known = {network_of(row) for row in rows}
    kept = [row for row in table.splitlines()[2:] if network_of(row) not in known]
    return before + BEGIN + HEAD + "".join(f"{row}\n" for row in [*kept, *rows]) + END + after


def main() -> None:
    """Measure the runs that are named and print their rows as they come."""
    from training.measure.evaluate import load_samples

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", type=Path, nargs="+", metavar="RUN/model")
    parser.add_argument("--data", type=Path, required=True, help="the data sets' folder")
    parser.add_argument("--out", type=Path, help="a page with the table's marks")
    options = parser.parse_args()
    folder = options.data / "300w"
    samples = load_samples(f"300w:{folder}", folder / "validation.txt")
    print(HEAD, end="")
    for model in options.models:
        rows = rows_of(model, list(samples))
        print("\n".join(rows), flush=True)
        if options.out:
            write_whole_bytes(options.out, with_rows(options.out.read_text(), rows).encode())


if __name__ == "__main__":
    main()

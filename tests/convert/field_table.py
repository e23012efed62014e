"""What becomes of networks of the field: `python -m tests.convert.field_table` writes README.md's table."""

import logging
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

from convert.conversion import job_of
from convert.handover.arrays import load_reference, load_validation
from convert.handover.description import read_handover
from convert.intake import network as intake
from convert.intake.faces import FaceCrops
from convert.intake.graph import Normalisation, OutputRule
from convert.intake.network import OwnNetwork, write_own_handover
from convert.intake.source import open_source
from convert.pipeline import STATIONS, run_pipeline
from convert.stations.compare import FLOAT, INT8, ONNX, converted_forms, mean_distance, read_all
from convert.tflite.runners import replay
from device.contract.errors import LandmarksError
from device.contract.landmarks import SCHEMES

README = Path(__file__).parents[2] / "convert" / "README.md"
BEGIN, END = "<!-- networks of the field -->\n", "<!-- end -->\n"
HEAD = "| network | float, px | int8, px | |\n| --- | ---: | ---: | --- |\n"
PARITY = 1e-3
"""Of the crop's side: how far ONNX and the float file may move a point, in the mean over a face."""
NORMALISATION = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 1 / 255, True)


def noise(count, seed, side):
    """(count, side, side, 3) uint8 pictures of coloured squares with grain."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 216, (count, 8, 8, 3)).repeat(side // 8, 1).repeat(side // 8, 2)
    return (coarse + rng.integers(-30, 31, (count, side, side, 3))).astype(np.uint8)


def fake_faces(network, rule):
    """Crops of noise in place of faces: random weights know none."""
    del network
    side = rule.size_wh[0]
    return tuple(FaceCrops(noise(12, seed, side), noise(12, seed + 1, side), None) for seed in (1, 3))


def write_onnx(name, path):
    """Export the network as others do: by the older exporter, which writes what most files hold."""
    import torch

    from tests.convert import field

    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    image = torch.zeros(1, 3, field.SIDE, field.SIDE)
    torch.onnx.export(field.build(name), (image,), path, dynamo=False, opset_version=16)
    logging.disable(logging.NOTSET)


def convert_one(name, folder):
    """Convert a network and give the largest mean move of a face's points, pixels: float, int8.

    Raises:
        LandmarksError: it is refused.
    """
    from tests.convert import field

    _, points, layout = field.BUILDERS[name]
    write_onnx(name, folder / "net.onnx")
    return convert_file(folder / "net.onnx", OutputRule(points, layout), NORMALISATION, folder)


def convert_file(file, rule, normalisation, folder):
    """The same for a file that is there already, into FOLDER/out."""
    scheme = next(scheme for scheme in SCHEMES.values() if scheme.count == rule.points)
    source = open_source(str(file), None, folder)
    own = OwnNetwork(source, "net", scheme, folder, None, rule, normalisation)
    intake.gather_faces = fake_faces
    write_own_handover(own, folder / "handover")
    job = job_of(folder / "handover", folder / "out")
    with (folder / "progress").open("w") as progress:
        run_pipeline(job, progress, STATIONS[:4])
    return moves(job)


def moves(job):
    """Largest mean move of a face's points from the original's, pixels: of the float forms, of int8."""
    handover = read_handover(job.description)
    crops = load_validation(job.validation, handover).crops
    original = load_reference(job.reference, handover, len(crops))
    readings = read_all({"original": replay(original), **converted_forms(job, handover)}, crops)
    moved = {
        name: max(mean_distance(a, b) for a, b in zip(each, readings["original"], strict=True))
        for name, each in readings.items()
    }
    return max(moved[ONNX], moved[FLOAT]), moved[INT8]


def row(name):
    """One line of the table."""
    with tempfile.TemporaryDirectory(prefix="field-") as folder:
        try:
            real, int8 = convert_one(name, Path(folder))
        except LandmarksError as error:
            sentence = str(error).replace(folder, "").replace("|", "/")
            return f"| {name} | | | refused: {sentence} |"
    return f"| {name} | {real:.4f} | {int8:.2f} | converts |"


def rows_of(text):
    """The table's rows by name."""
    lines = text.split(BEGIN)[1].split(END)[0].splitlines()
    return {line.split("|")[1].strip(): line for line in lines[2:]}


def with_rows(text, rows):
    """The README with these rows in the order of BUILDERS."""
    from tests.convert import field

    before, rest = text.split(BEGIN)
    table = "".join(f"{rows[name]}\n" for name in field.BUILDERS if name in rows)
    return before + BEGIN + HEAD + table + END + rest.split(END)[1]


def main():
    """Measure the networks that are named, or all, and put each row into the README as it comes."""
    from tests.convert import field

    for name in sys.argv[1:] or field.BUILDERS:
        measured = row(name)
        print(measured, flush=True)
        text = README.read_text()
        README.write_text(with_rows(text, {**rows_of(text), name: measured}))


if __name__ == "__main__":
    main()

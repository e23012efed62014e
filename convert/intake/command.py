"""The command `python -m convert onnx`: its options, and what they say of a network."""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from convert.handover.description import TARGETS
from convert.intake.graph import LAYOUTS, UNITS, Normalisation, OutputRule
from convert.intake.network import OwnNetwork, write_own_handover
from convert.intake.source import open_source
from device.contract.codec import RELU_EXPECTATION, SOFTMAX_EXPECTATION
from device.contract.command_line import count, positive
from device.contract.errors import BadInputError, UsageError
from device.contract.files import write_whole_bytes
from device.contract.landmarks import SCHEMES, LandmarkScheme
from device.contract.scheme_file import read_scheme

LABEL_FORMATS = ("300w", "pts")
"""Pictures with NAME.pts beside NAME.jpg."""


def _triple(text: str) -> tuple[float, float, float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    values = values * 3 if len(values) == 1 else values
    if len(values) != 3 or not all(map(math.isfinite, values)):
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted one number, or three with commas")
    return values[0], values[1], values[2]


def _divisors(text: str) -> tuple[float, float, float]:
    values = _triple(text)
    if min(values) <= 0:
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted numbers above 0: they divide")
    return values


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    try:
        return count(width), count(height)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted WIDTHxHEIGHT, as in 112x112") from error


def add_options(command: argparse.ArgumentParser) -> None:
    """Everything about the network and the pictures."""
    add: Callable[..., object] = command.add_argument
    add(
        "network",
        metavar="NETWORK",
        help="FILE.onnx, a float FILE.tflite, or package.module:function that gives a PyTorch network",
    )
    add(
        "--calibration",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="pictures of faces: they set the ranges",
    )
    add(
        "--labels",
        metavar="300w:FOLDER",
        help="pictures with NAME.pts beside them: accuracy is measured on them",
    )
    add(
        "--mean",
        type=_triple,
        default=(0.0,) * 3,
        metavar="A[,B,C]",
        help="subtracted after --scale (default 0)",
    )
    add(
        "--std",
        type=_divisors,
        default=(1.0,) * 3,
        metavar="A[,B,C]",
        help="divides after --mean (default 1)",
    )
    add(
        "--scale", type=positive, default=1 / 255, help="multiplies the pixels 0 to 255 first (default 1/255)"
    )
    add("--rgb", action="store_true", help="the network wants red, green, blue (default: blue, green, red)")
    add("--points", type=count, metavar="N", help="number of landmarks (default: that of --scheme)")
    add("--scheme", metavar="NAME", help=f"{', '.join(SCHEMES)}, or a .toml file (default: by --points)")
    add("--layout", choices=LAYOUTS, default="coordinates", help="form of the output (default %(default)s)")
    add(
        "--coordinates",
        choices=UNITS,
        default="unit",
        help="0 to 1, -1 to 1, or pixels (default %(default)s)",
    )
    add(
        "--maps",
        choices=("positive", "logits"),
        default="positive",
        help="values of heatmaps (default %(default)s)",
    )
    add("--presence", default="", metavar="OUTPUT", help="an output with a logit (default: one is fitted)")
    add("--size", type=_size, metavar="WxH", help="of the input, where the file leaves it open")
    add("--margin", type=positive, default=1.3, help="crop's side over the face's (default %(default)s)")
    add("--name", help="of the model in the stream (default: the file's)")
    add(
        "--target",
        choices=tuple(TARGETS),
        default="cpu",
        help="where every operator must run (default %(default)s)",
    )


def scheme_of(options: argparse.Namespace) -> LandmarkScheme:
    """By name, by file, or the one with this number of points.

    Raises:
        BadInputError: a file that is no scheme.
        UsageError: no such scheme, or another number of points.
    """
    if options.scheme and options.scheme.endswith(".toml"):
        scheme = read_scheme(Path(options.scheme))
    elif options.scheme:
        if options.scheme not in SCHEMES:
            raise UsageError(
                f"--scheme {options.scheme}: known are {', '.join(SCHEMES)}, or give a .toml file"
            )
        scheme = SCHEMES[options.scheme]
    else:
        fitting = [scheme for scheme in SCHEMES.values() if scheme.count == options.points]
        if not fitting:
            counts = ", ".join(str(scheme.count) for scheme in SCHEMES.values())
            got = "neither --points nor --scheme" if options.points is None else f"--points {options.points}"
            raise UsageError(f"got {got}, wanted one of {counts} points; for others give --scheme FILE.toml")
        scheme = fitting[0]
    if options.points not in (None, scheme.count):
        raise UsageError(f"--points {options.points}, but scheme {scheme.name} has {scheme.count}")
    return scheme


def _labels(text: str | None) -> Path | None:
    if text is None:
        return None
    kind, _, folder = text.partition(":")
    if kind not in LABEL_FORMATS or not folder:
        raise UsageError(f"--labels {text}: wanted 300w:FOLDER, pictures with NAME.pts beside them")
    if not Path(folder).is_dir():
        raise BadInputError(f"--labels {text}: no folder {folder}")
    return Path(folder)


def write_handover(options: argparse.Namespace) -> Path:
    """OUT/handover, from the options.

    Raises:
        LandmarksError: whatever does not fit.
    """
    scheme, labels = scheme_of(options), _labels(options.labels)
    source = open_source(options.network, options.size, options.out / "work")
    network = OwnNetwork(
        source=source,
        name=options.name or source.file.stem,
        scheme=scheme,
        calibration=options.calibration,
        labels=labels,
        outputs=OutputRule(scheme.count, options.layout, options.coordinates, options.presence),
        pixels=Normalisation(options.mean, options.std, options.scale, options.rgb),
        margin=options.margin,
        size_wh=options.size,
        maps_codec=SOFTMAX_EXPECTATION if options.maps == "logits" else RELU_EXPECTATION,
        target=options.target,
    )
    folder: Path = options.out / "handover"
    if options.scheme and options.scheme.endswith(".toml"):
        write_whole_bytes(folder / f"{scheme.name}.toml", Path(options.scheme).read_bytes())
    write_own_handover(network, folder)
    return folder

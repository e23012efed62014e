"""Every command of `python -m training`: its options, and where its program is.

Light to import: torch takes seconds, so a program loads it after the command line is known to be right.
"""

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from device.contract.command_line import count

DATA_HELP = "folder with the data sets"
YUNET_HELP = "YuNet's ONNX file"


def _data(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    parser.add_argument("--data", type=Path, required=required, help=DATA_HELP)


def _runs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="all runs (default: runs)")


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="figures as one JSON object, fractions")


def _run_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, help="run file (TOML), see training/configs/")


def _model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, required=True, help=".tflite with its manifest")


def _train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", type=Path, nargs="+", help="run files (TOML), trained in this order; see training/configs/"
    )
    _data(parser, required=False)
    parser.add_argument("--yunet", type=Path, help="YuNet's ONNX file, a finder's teacher")
    _runs(parser)
    parser.add_argument("--init", type=Path, metavar="FILE", help="begin with this state dict's weights")
    parser.add_argument("--seed", type=int, metavar="N", help="another seed; the run is called NAME-seedN")
    parser.add_argument(
        "--images", type=count, metavar="N", help="another number of images for the whole run"
    )
    parser.add_argument("--batch", type=count, metavar="N", help="another number of images a step")
    parser.add_argument(
        "--shard-mb", type=float, default=0.0, metavar="MB", help="write checkpoints in files of at most MB"
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=0.0,
        metavar="M",
        help="end after M minutes; the same command goes on",
    )
    parser.add_argument(
        "--strict-counts", action="store_true", help="a set that is not of its published size is an error"
    )
    parser.add_argument(
        "--unless-finished",
        action="store_true",
        help="leave a finished run of this name as it is, whatever its settings",
    )
    parser.add_argument(
        "--needed",
        action="store_true",
        help="first train, in order, every run that these start from or learn from and that is not finished",
    )
    parser.add_argument(
        "--allow-weak-teacher",
        action="store_true",
        help="learn from a teacher even if it is worse than the network that the run begins with",
    )


def _rehearsal_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", type=Path, help="data folder to write")
    parser.add_argument("--count", type=int, default=400, metavar="N", help="faces (default: 400)")
    parser.add_argument("--seed", type=int, default=0, help="another seed draws other faces (default: 0)")


def _evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        type=Path,
        required=True,
        help=".tflite with its manifest, a conversion's .onnx, or network.pt",
    )
    parser.add_argument(
        "--dataset",
        required=True,
        help="SET:FOLDER; 300w (searched recursively), wflw, cofw, aflw2000, youtube_faces, rendered, "
        "fairface, drawn",
    )
    parser.add_argument(
        "--part", default="test", choices=("train", "test"), help="of a divided set (default: test)"
    )
    parser.add_argument(
        "--list", type=Path, help="for 300w: file with one relative path without ending a line"
    )
    parser.add_argument(
        "--points",
        type=int,
        choices=(51,),
        help="51: leave out the jaw of 68 points, as some competitions do",
    )
    parser.add_argument("--ced", type=Path, metavar="FILE", help="draw the cumulative error curve as PNG")
    parser.add_argument(
        "--boxes",
        choices=("truth", "shaken", "finder"),
        default="shaken",
        help="crop from the true box, from that box shaken by 10 %% a side (default), or from --finder",
    )
    parser.add_argument("--finder", default="trained:", help="for --boxes finder (default: trained:)")
    _json(parser)


def _presence(parser: argparse.ArgumentParser) -> None:
    _model(parser)
    _data(parser)
    parser.add_argument("--finder", help="leave out ground in which this finder sees an unlabelled face")
    _json(parser)


def _robustness(parser: argparse.ArgumentParser) -> None:
    _model(parser)
    _data(parser)
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw the reliability of the scores")
    parser.add_argument("--pictures", type=Path, metavar="PNG", help="draw what the camera makes of faces")
    _json(parser)


def _fairness(parser: argparse.ArgumentParser) -> None:
    _model(parser)
    parser.add_argument("--photographs", type=Path, required=True, help="FairFace's pictures beside list.csv")
    parser.add_argument("--finder", default="trained:", help="what finds the faces (default: trained:)")
    parser.add_argument("--count", type=count, metavar="N", help="only the first N photographs of the list")
    _json(parser)


def _handover(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("--name", help="name of the model in the stream (default: the run's)")
    _data(parser, required=False)
    parser.add_argument("--yunet", type=Path, help="YuNet's ONNX file, for a finder")
    _runs(parser)


def _card(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="with student.tflite or finder.tflite")
    parser.add_argument("--run", type=Path, required=True, help="folder of the run it was made from")
    _data(parser)
    parser.add_argument("--yunet", type=Path, help="YuNet's ONNX file, for a finder's card")
    parser.add_argument("--rendered", type=Path, help="rendered heads: adds a section on turned ones")
    parser.add_argument("--photographs", type=Path, help="FairFace's pictures: adds a section on groups")
    parser.add_argument("--finder", default="trained:", help="what finds these faces (default: trained:)")


def _results(parser: argparse.ArgumentParser) -> None:
    _runs(parser)
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="page to write (default: training/RESULTS.md)"
    )


def _label_bias(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, help="folder of a finished run with [augment] label_bias = 0")
    _data(parser)


def _turned(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("picture", type=Path, help="PNG to write")
    _data(parser)


def _recover(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", type=Path, help="run file (TOML) that the model was trained with, or the model that ships"
    )
    parser.add_argument("weights", type=Path, help="its layers, by `python -m convert weights`")
    _data(parser, required=False)
    parser.add_argument("--yunet", type=Path, help="YuNet's ONNX file, for a finder")
    _runs(parser)


def _blend(parser: argparse.ArgumentParser) -> None:
    _run_file(parser)
    parser.add_argument(
        "--with", dest="other", required=True, metavar="RUN", help="what its start began with"
    )
    parser.add_argument("--share", type=float, required=True, help="of the run that it starts from, 0 to 1")
    parser.add_argument(
        "--stricter", type=float, default=0.0, metavar="LOGITS", help="lower the presence's logit by so much"
    )
    _runs(parser)


def _evaluate_finder(parser: argparse.ArgumentParser) -> None:
    _data(parser)
    parser.add_argument("--yunet", type=Path, required=True, help=YUNET_HELP)
    parser.add_argument("--model", type=Path, help=".tflite with its manifest (default: the shipped one)")
    _json(parser)


def _fit_yunet(parser: argparse.ArgumentParser) -> None:
    _data(parser)
    parser.add_argument("--yunet", type=Path, required=True, help=YUNET_HELP)


def _signals(parser: argparse.ArgumentParser) -> None:
    _data(parser)
    parser.add_argument("--model", default="small", help="whose scores are read (default: small)")


def _render(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--avatars", type=Path, required=True, help="folder of the heads (.glb)")
    parser.add_argument("--count", type=int, required=True, help="number of pictures")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--seed", type=int, default=0, help="another seed makes other pictures (default: 0)")
    parser.add_argument(
        "--workers", type=count, default=os.cpu_count() or 1, help="processes (default: one a core)"
    )
    parser.add_argument("--side", type=int, default=384, help="pixels of a picture's side (default: 384)")
    parser.add_argument(
        "--max-roll", type=float, default=45.0, help="largest roll, degrees, up to 180 (default: 45)"
    )
    parser.add_argument(
        "--other-hair", type=float, default=0.0, metavar="SHARE",
        help="of the pictures, with another person's hair, longer, fuller and curlier (default: 0)",
    )  # fmt: skip
    parser.add_argument(
        "--held-out", action="store_true", help="the six people kept for evaluation instead of all others"
    )
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="draw a sheet of pictures with their points (PNG)"
    )


def _avatar_features(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--avatars", type=Path, required=True, help="folder of the heads (.glb)")
    parser.add_argument("--heads", type=count, default=2, help="how many of those held out (default: 2)")
    parser.add_argument("--model", default="small", help="the landmark network (default: small)")
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="page to write (default: device/sinks/avatar/README.md)"
    )


def _places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--avatars", type=Path, required=True, help="folder of the heads (.glb)")
    parser.add_argument("--out", type=Path, help="JSON to write (default: the table that render reads)")
    parser.add_argument("--page", type=Path, metavar="FILE", help="draw every head with its points (PNG)")


def _no_options(parser: argparse.ArgumentParser) -> None:
    """A command that takes nothing."""


def _pictures(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--avatars", type=Path, required=True, help="folder of the heads (.glb)")
    parser.add_argument(
        "--out", type=Path, default=Path("docs/pictures"), help="folder to write (default: docs/pictures)"
    )


def _draw(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", type=int, required=True, help="number of heads")
    parser.add_argument("--out", type=Path, required=True, help="folder to write, DATA/drawn")
    parser.add_argument("--seed", type=int, default=0, help="another seed draws other heads (default: 0)")
    parser.add_argument("--side", type=int, default=288, help="pixels of a picture's side (default: 288)")


def _mesh_table(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rendered", type=Path, help="folder that render has written")
    parser.add_argument("--out", type=Path, help="JSON to write (default: the table that pseudo-label reads)")


def _pseudo_label(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photographs", type=Path, help="folder of FairFace's pictures (.jpg)")
    parser.add_argument("--out", type=Path, required=True, help="folder to write, DATA/fairface")
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="draw a sheet of faces with their points (PNG)"
    )


def _compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "models", type=Path, nargs="+", help="files as of evaluate; the others are held against the first"
    )
    _data(parser)
    parser.add_argument("--mesh", action="store_true", help="MediaPipe's mesh too (.venv-bench)")
    _json(parser)


def _peers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dataset", metavar="SET:FOLDER", help="labelled faces, as of evaluate")
    parser.add_argument(
        "--list", type=Path, help="for 300w: file with one relative path without ending a line"
    )
    parser.add_argument(
        "--faces", type=count, metavar="N", help="at most so many of them (default: 500, for steadiness 20)"
    )
    parser.add_argument("--openseeface", type=Path, metavar="FOLDER", help="OpenSeeFace's folder models")
    parser.add_argument("--pfld", type=Path, metavar="FILE", help="an ONNX file of PFLD_GhostOne")
    parser.add_argument("--yunet", type=Path, metavar="FILE", help=YUNET_HELP)
    parser.add_argument("--dlib", type=Path, metavar="FILE", help="a shape predictor of dlib's, 68 points")
    parser.add_argument(
        "--sections", metavar="NAMES", help="some of times,start,accuracy,steadiness,robustness"
    )
    parser.add_argument("--quick", action="store_true", help="few faces and calls, to see that all works")
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="page to write (default: docs/benchmarks.md)"
    )
    _runs(parser)


@dataclass(frozen=True)
class Command:
    """A subcommand."""

    name: str
    help: str
    add_options: Callable[[argparse.ArgumentParser], None]
    program: str
    """`module.function` in this room: carries it out, imported only then."""


COMMANDS = (
    Command("train", "train run files, each resumed if it was cut off", _train, "train.train"),
    Command("show", "a run file's settings, with what it inherits and each default", _run_file, "train.show"),
    Command("rehearsal-data", "drawn faces in the layouts of 300-W and YouTube Faces, to rehearse a run file",
            _rehearsal_data, "pages.rehearsal_data"),
    Command("evaluate", "figures of a model on labelled faces", _evaluate, "measure.evaluate"),
    Command("presence", "does a model know a face from what is none? ROC figures", _presence,
            "measure.presence"),
    Command("robustness", "turned heads, a cheap camera, and whether scores keep their promise", _robustness,
            "measure.robustness"),
    Command("fairness", "misses, presence and steadiness by age and group, on FairFace's photographs",
            _fairness, "measure.fairness"),
    Command("handover", "write RUN/handover for conversion", _handover, "export.handover"),
    Command("card", "measure a shipped model and write its MODEL_CARD.md", _card, "export.card"),
    Command("results", "the published systems side by side, from their runs' logs", _results,
            "pages.results"),
    Command("label-bias", "constant sideways offset of each set's labels", _label_bias, "export.label_bias"),
    Command("turned", "draw training faces and, beside each, the same head turned farther", _turned,
            "pages.turned"),
    Command("search-log", "what was tried for the students, from the runs' logs", _runs, "pages.search_log"),
    Command("blend", "a network between a finished run and what it began with", _blend, "export.blend"),
    Command("recover", "a finished run from the weights of a model that ships", _recover, "export.recover"),
    Command("evaluate-finder", "recall, false alarms and time of a finder beside YuNet's", _evaluate_finder,
            "finder.evaluate"),
    Command("fit-yunet", "the map from YuNet's boxes to the landmarks'", _fit_yunet, "finder.fit_yunet"),
    Command("signals", "derive the mean face and the usual expressions anew", _signals, "signals.signals"),
    Command("occlusion", "how often a covered region is reported; writes device/signal/README.md", _signals,
            "signals.occlusion"),
    Command("render", "render labelled pictures of 3D heads; the same command goes on where it was cut off",
            _render, "render.render"),
    Command("avatar-features", "OpenSeeFace's features of faces with known expressions; writes a page",
            _avatar_features, "avatar_features.avatar_features"),
    Command("places", "find where the 68 points lie on the heads by form and MediaPipe's mesh", _places,
            "render.places"),
    Command("pictures", "the pictures of README.md and the site, from rendered and drawn heads", _pictures,
            "front_page.pictures"),
    Command("front-page", "README.md's table, from the figures that bench-peers keeps", _no_options,
            "front_page.front_page"),
    Command("draw", "draw heads by this project's own generator, as a data set", _draw, "open_data.draw"),
    Command("mesh-table", "fit the table from MediaPipe's mesh to the 68 points, on rendered heads",
            _mesh_table, "open_data.mesh_table"),
    Command("pseudo-label", "label FairFace's photographs by MediaPipe's mesh, where its passes agree",
            _pseudo_label, "open_data.pseudo_label"),
    Command("compare", "models taught by different labels, constant offsets removed, beside MediaPipe's mesh",
            _compare, "measure.compare"),
    Command("peers", "time, memory, accuracy and robustness beside MediaPipe, OpenSeeFace, PFLD, dlib, YuNet",
            _peers, "peers.peers"),
)  # fmt: skip
"""Every command, in the order in which `--help` lists them."""


def add_commands(parser: argparse.ArgumentParser, examples: str) -> None:
    """Add every command to the command line.

    Args:
        parser: gets the commands.
        examples: of all commands, one a line; the help of each command shows its own.
    """
    commands = parser.add_subparsers(dest="command", required=True)
    for command in COMMANDS:
        own = [line for line in examples.splitlines() if f" -m training {command.name} " in line]
        one = commands.add_parser(
            command.name,
            help=command.help,
            description=command.help[0].upper() + command.help[1:] + ".",
            epilog="\n".join(["examples:", *own]) if own else None,
        )
        command.add_options(one)


def run_command(arguments: argparse.Namespace) -> None:
    """Carry out the command that the command line names.

    Raises:
        LandmarksError: as the command's own program says.
    """
    program = next(command.program for command in COMMANDS if command.name == arguments.command)
    module, function = program.split(".")
    getattr(import_module(f"training.programs.{module}"), function)(arguments)

"""Training from the command line: train, evaluate, hand over to conversion."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from device.contract.errors import UsageError, run_program
from device.contract.exit_codes import ExitCode
from training.finder.commands import (
    add_evaluate_finder,
    add_fit_yunet,
    hand_over_finder,
    run_evaluate_finder,
    run_fit_yunet,
    train_finder_file,
    write_card_of_finder,
)

EXAMPLES = """examples:
  python -m training train training/configs/synthetic/student.toml
  python -m training train training/configs/landmark_student/student.toml --data ../shared/data
  python -m training evaluate --model student.tflite --dataset 300w:FOLDER --list validation.txt --json
  python -m training presence --model student.tflite --data ../shared/data
  python -m training handover runs/landmark_student-student --data ../shared/data
  python -m training evaluate-finder --data ../shared/data --yunet yunet.onnx
"""

FINDER_COMMANDS = (add_evaluate_finder, add_fit_yunet)

Commands = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _add_train(commands: Commands) -> None:
    train = commands.add_parser("train", help="train one run file, resuming it if it was cut off")
    train.add_argument("run", type=Path, help="run file (TOML), see training/configs/")
    train.add_argument("--data", type=Path, help="folder with the data sets")
    train.add_argument("--yunet", type=Path, help="YuNet's ONNX file, a finder's teacher")
    train.add_argument("--runs", type=Path, default=Path("runs"), help="all runs (default: runs)")


def _add_evaluate(commands: Commands) -> None:
    evaluate = commands.add_parser("evaluate", help="figures of a model on labelled faces")
    evaluate.add_argument(
        "--model", type=Path, required=True, help=".tflite with its manifest, or network.pt"
    )
    evaluate.add_argument("--dataset", required=True, help="300w:FOLDER, searched recursively")
    evaluate.add_argument("--list", type=Path, help="file with one relative path without ending a line")
    evaluate.add_argument(
        "--boxes",
        choices=("truth", "shaken", "finder"),
        default="shaken",
        help="crop from the true box, from that box shaken by 10 %% a side (default), or from --finder",
    )
    evaluate.add_argument("--finder", default="trained:", help="for --boxes finder (default: trained:)")
    evaluate.add_argument("--json", action="store_true", help="figures as one JSON object, fractions")


def _add_presence(commands: Commands) -> None:
    presence = commands.add_parser("presence", help="does a model know a face from what is none? ROC figures")
    presence.add_argument("--model", type=Path, required=True, help=".tflite with its manifest")
    presence.add_argument("--data", type=Path, required=True, help="folder with the data sets")
    presence.add_argument("--finder", help="leave out ground in which this finder sees an unlabelled face")
    presence.add_argument("--json", action="store_true", help="figures as one JSON object, fractions")


def _add_handover(commands: Commands) -> None:
    handover = commands.add_parser("handover", help="write RUN/handover for conversion")
    handover.add_argument("run", type=Path, help="folder of a finished run")
    handover.add_argument("--name", help="name of the model in the stream (default: the run's)")
    handover.add_argument("--data", type=Path, help="folder with the data sets")
    handover.add_argument("--yunet", type=Path, help="YuNet's ONNX file, for a finder")
    handover.add_argument("--runs", type=Path, default=Path("runs"), help="all runs (default: runs)")


def _add_card(commands: Commands) -> None:
    card = commands.add_parser("card", help="measure a shipped model and write its MODEL_CARD.md")
    card.add_argument("folder", type=Path, help="with student.tflite or finder.tflite")
    card.add_argument("--run", type=Path, required=True, help="folder of the run it was made from")
    card.add_argument("--data", type=Path, required=True, help="folder with the data sets")
    card.add_argument("--yunet", type=Path, help="YuNet's ONNX file, for a finder's card")


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for add in (_add_train, _add_evaluate, _add_presence, _add_handover, _add_card, *FINDER_COMMANDS):
        add(commands)
    return parser


# torch takes seconds to import: each program loads it after the command line is known to be right.


def run_train(arguments: argparse.Namespace) -> None:
    """Train a run file: a landmark network's, or a finder's."""
    from training.finder.settings import is_finder_run
    from training.runs import train_run
    from training.settings import read_run, read_values

    if is_finder_run(read_values(arguments.run)):
        train_finder_file(arguments)
        return
    settings = read_run(arguments.run)
    nme = train_run(settings, arguments.data, arguments.runs)
    figures = ", ".join(f"{name} NME {100 * value:.2f} %" for name, value in nme.items())
    print(f"{arguments.runs / settings.name}: {figures or 'was finished already'}")


def run_evaluate(arguments: argparse.Namespace) -> None:
    """Evaluate a model file."""
    from device.finder import open_finder
    from training import evaluate

    samples = evaluate.load_samples(arguments.dataset, arguments.list)
    predict, scheme = evaluate.load_predictor(arguments.model)
    if arguments.boxes != "finder":
        predicted = evaluate.predict_boxes(predict, samples, arguments.boxes)
    elif arguments.model.suffix == ".tflite":
        predicted = evaluate.predict_found(arguments.model, open_finder(arguments.finder), samples)
    else:
        raise UsageError("--boxes finder runs the device's tracker: give a .tflite model")
    figures = evaluate.evaluate(predicted, samples, scheme)
    print(json.dumps(asdict(figures)) if arguments.json else evaluate.evaluation_table(figures))


def run_presence(arguments: argparse.Namespace) -> None:
    """Measure a model's presence."""
    from device.finder import open_finder
    from training.presence import measure_presence, presence_table

    finder = None if arguments.finder is None else open_finder(arguments.finder)
    figures = measure_presence(arguments.model, arguments.data, finder)
    print(json.dumps(asdict(figures)) if arguments.json else presence_table(figures))


def run_handover(arguments: argparse.Namespace) -> None:
    """Write a run's handover: a landmark network's, or a finder's."""
    from training.checkpoint import load_values
    from training.finder.settings import is_finder_run
    from training.handover import write_handover

    if is_finder_run(load_values(arguments.run / "network.pt")["settings"]):
        hand_over_finder(arguments)
        return
    name = arguments.name or arguments.run.name
    print(write_handover(arguments.run, name, arguments.data, arguments.runs))


def run_card(arguments: argparse.Namespace) -> None:
    """Write a model card: a landmark network's, or a finder's."""
    from training.model_card import write_card

    if (arguments.folder / "finder.tflite").is_file():
        write_card_of_finder(arguments)
        return
    print(write_card(arguments.folder, arguments.run, arguments.data))


PROGRAMS = {
    "train": run_train,
    "evaluate": run_evaluate,
    "presence": run_presence,
    "handover": run_handover,
    "card": run_card,
    "evaluate-finder": run_evaluate_finder,
    "fit-yunet": run_fit_yunet,
}


def main() -> int:
    """Parse and run one command."""
    arguments = make_parser().parse_args()
    PROGRAMS[arguments.command](arguments)
    return int(ExitCode.DONE)


if __name__ == "__main__":
    sys.exit(run_program(main))

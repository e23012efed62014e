"""Training from the command line: train, evaluate, hand over to conversion."""

import argparse
import dataclasses
import json
import logging
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

from device.contract.errors import run_program
from device.contract.exit_codes import ExitCode
from training.export.signal_commands import add_occlusion, add_signals, run_occlusion, run_signals
from training.finder.commands import (
    add_evaluate_finder,
    add_fit_yunet,
    hand_over_finder,
    run_evaluate_finder,
    run_fit_yunet,
    write_card_of_finder,
)
from training.rendered.commands import add_render, run_render

EXAMPLES = """examples:
  python -m training train training/configs/synthetic/student.toml
  python -m training train training/configs/landmark_student/student.toml --data ../shared/data
  python -m training train training/configs/kd_net/teacher_tough.toml --data ../shared/data --minutes 9
  torchrun --nproc-per-node 4 -m training train training/configs/star_swin/teacher.toml --data ../shared/data
  python -m training show training/configs/landmark_student/base.toml
  python -m training evaluate --model student.tflite --dataset 300w:FOLDER --list validation.txt --json
  python -m training evaluate --model student.onnx --dataset wflw:FOLDER --part test --ced ced.png
  python -m training presence --model student.tflite --data ../shared/data
  python -m training robustness --model device/models/small/student.tflite --data ../shared/data
  python -m training turned turned.png --data ../shared/data
  python -m training recover training/configs/landmark_student/small.toml small.npz --data ../shared/data
  python -m training render --avatars ../shared/data/valid_avatars --count 2000 --out rendered
  python -m training results --runs runs
  python -m training handover runs/landmark_student-student --data ../shared/data
  python -m training evaluate-finder --data ../shared/data --yunet yunet.onnx
  python -m training signals --data ../shared/data
"""

FINDER_COMMANDS = (add_evaluate_finder, add_fit_yunet)
SIGNAL_COMMANDS = (add_signals, add_occlusion)

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001  # it has no public name


def _add_train(commands: Commands) -> None:
    train = commands.add_parser("train", help="train one run file, resuming it if it was cut off")
    train.add_argument("run", type=Path, help="run file (TOML), see training/configs/")
    train.add_argument("--data", type=Path, help="folder with the data sets")
    train.add_argument("--yunet", type=Path, help="YuNet's ONNX file, a finder's teacher")
    train.add_argument("--runs", type=Path, default=Path("runs"), help="all runs (default: runs)")
    train.add_argument("--init", type=Path, metavar="FILE", help="begin with this state dict's weights")
    train.add_argument("--seed", type=int, metavar="N", help="another seed; the run is called NAME-seedN")
    train.add_argument("--images", type=int, metavar="N", help="another number of images for the whole run")
    train.add_argument("--batch", type=int, metavar="N", help="another number of images a step")
    train.add_argument(
        "--shard-mb", type=float, default=0.0, metavar="MB", help="write checkpoints in files of at most MB"
    )
    train.add_argument(
        "--minutes",
        type=float,
        default=0.0,
        metavar="M",
        help="end after M minutes; the same command goes on",
    )
    train.add_argument(
        "--strict-counts", action="store_true", help="a set that is not of its published size is an error"
    )
    train.add_argument(
        "--allow-weak-teacher",
        action="store_true",
        help="learn from a teacher even if it is worse than the network that the run starts from",
    )


def _add_show(commands: Commands) -> None:
    show = commands.add_parser("show", help="a run file's settings, with what it inherits and each default")
    show.add_argument("run", type=Path, help="run file (TOML), see training/configs/")


def _add_evaluate(commands: Commands) -> None:
    evaluate = commands.add_parser("evaluate", help="figures of a model on labelled faces")
    evaluate.add_argument(
        "--model",
        type=Path,
        required=True,
        help=".tflite with its manifest, a conversion's .onnx, or network.pt",
    )
    evaluate.add_argument(
        "--dataset",
        required=True,
        help="SET:FOLDER; 300w (searched recursively), wflw, cofw, aflw2000, youtube_faces, rendered",
    )
    evaluate.add_argument(
        "--part", default="test", choices=("train", "test"), help="of wflw and cofw (default: test)"
    )
    evaluate.add_argument(
        "--list", type=Path, help="for 300w: file with one relative path without ending a line"
    )
    evaluate.add_argument(
        "--points",
        type=int,
        choices=(51,),
        help="51: leave out the jaw of 68 points, as some competitions do",
    )
    evaluate.add_argument("--ced", type=Path, metavar="FILE", help="draw the cumulative error curve as PNG")
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


def _add_robustness(commands: Commands) -> None:
    robustness = commands.add_parser(
        "robustness", help="turned heads, a cheap camera, and whether scores keep their promise"
    )
    robustness.add_argument("--model", type=Path, required=True, help=".tflite with its manifest")
    robustness.add_argument("--data", type=Path, required=True, help="folder with the data sets")
    robustness.add_argument("--plot", type=Path, metavar="PNG", help="draw the reliability of the scores")
    robustness.add_argument(
        "--pictures", type=Path, metavar="PNG", help="draw what the camera makes of faces"
    )
    robustness.add_argument("--json", action="store_true", help="figures as one JSON object, fractions")


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


def _add_results(commands: Commands) -> None:
    results = commands.add_parser("results", help="the published systems side by side, from their runs' logs")
    results.add_argument("--runs", type=Path, default=Path("runs"), help="all runs (default: runs)")
    results.add_argument(
        "--page", type=Path, metavar="FILE", help="page to write (default: training/RESULTS.md)"
    )


def _add_label_bias(commands: Commands) -> None:
    bias = commands.add_parser("label-bias", help="constant sideways offset of each set's labels")
    bias.add_argument("run", type=Path, help="folder of a finished run with [augment] label_bias = 0")
    bias.add_argument("--data", type=Path, required=True, help="folder with the data sets")


def _add_turned(commands: Commands) -> None:
    turned = commands.add_parser(
        "turned", help="draw training faces and, beside each, the same head turned farther"
    )
    turned.add_argument("picture", type=Path, help="PNG to write")
    turned.add_argument("--data", type=Path, required=True, help="folder with the data sets")


def _add_search_log(commands: Commands) -> None:
    search_log = commands.add_parser(
        "search-log", help="what was tried for the students, from the runs' logs"
    )
    search_log.add_argument("--runs", type=Path, default=Path("runs"), help="all runs (default: runs)")


def _add_recover(commands: Commands) -> None:
    recover = commands.add_parser("recover", help="a finished run from the weights of a model that ships")
    recover.add_argument("run", type=Path, help="run file (TOML) that the model was trained with")
    recover.add_argument("weights", type=Path, help="its layers, by `python -m convert weights`")
    recover.add_argument("--data", type=Path, help="folder with the data sets")
    recover.add_argument("--runs", type=Path, default=Path("runs"), help="all runs (default: runs)")


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for add in (
        _add_train,
        _add_show,
        _add_evaluate,
        _add_presence,
        _add_robustness,
        _add_handover,
        _add_card,
        _add_results,
        _add_label_bias,
        _add_turned,
        _add_search_log,
        _add_recover,
        *FINDER_COMMANDS,
        *SIGNAL_COMMANDS,
        add_render,
    ):
        add(commands)
    return parser


# torch takes seconds to import: each program loads it after the command line is known to be right.


def _run_from_values(values: dict[str, Any], where: str) -> Any:
    """The settings of a landmark network's run, or of a finder's."""
    from training.engine.run_file import run_from_values
    from training.finder.settings import finder_run_from_values, is_finder_run

    return (finder_run_from_values if is_finder_run(values) else run_from_values)(values, where)


def _read_run(arguments: argparse.Namespace) -> Any:
    """The run file, with the command line's seed, number of images and batch."""
    from training.engine.run_file import read_merged

    settings = _run_from_values(read_merged(arguments.run), str(arguments.run))
    changed = {key: getattr(arguments, key) for key in ("images", "batch") if getattr(arguments, key)}
    settings = dataclasses.replace(settings, optimiser=dataclasses.replace(settings.optimiser, **changed))
    if arguments.seed is None:
        return settings
    return dataclasses.replace(settings, seed=arguments.seed, name=f"{settings.name}-seed{arguments.seed}")


def run_train(arguments: argparse.Namespace) -> None:
    """Train a run file: a landmark network's, or a finder's."""
    from training.engine.run import train_run
    from training.engine.run_parts import LoopOptions
    from training.finder.run import train_finder
    from training.finder.settings import FinderRun

    settings = _read_run(arguments)
    options = LoopOptions(
        arguments.shard_mb,
        arguments.init,
        arguments.strict_counts,
        60 * arguments.minutes,
        arguments.allow_weak_teacher,
    )
    if isinstance(settings, FinderRun):
        what, figures = (
            "missed",
            train_finder(settings, arguments.data, arguments.yunet, arguments.runs, options),
        )
    else:
        what, figures = "NME", train_run(settings, arguments.data, arguments.runs, options)
    folder = arguments.runs / settings.name
    shown = ", ".join(f"{name} {what} {100 * value:.2f} %" for name, value in figures.items())
    if not (folder / "network.pt").is_file():
        shown = f"not at its end yet, the same command goes on ({shown or 'no figures yet'})"
    print(f"{folder}: {shown or 'was finished already'}")


def run_show(arguments: argparse.Namespace) -> None:
    """Print a run file's settings."""
    from training.report.show import show_run

    print("\n".join(show_run(arguments.run, _run_from_values)))


def run_evaluate(arguments: argparse.Namespace) -> None:
    """Evaluate a model file."""
    from device.finders.open import open_finder
    from training.measure import evaluate
    from training.measure.turned_heads import turn_bands, turn_table

    predict, scheme = evaluate.load_predictor(arguments.model)
    samples = evaluate.load_samples(arguments.dataset, arguments.list, arguments.part, scheme.name)
    if arguments.boxes != "finder":
        predicted = evaluate.predict_boxes(predict, samples, arguments.boxes)
    elif arguments.model.suffix == ".tflite":
        predicted = evaluate.predict_found(arguments.model, open_finder(arguments.finder), samples)
    else:
        predicted = evaluate.predict_found_boxes(predict, open_finder(arguments.finder), samples)
    points = evaluate.points_of(scheme, arguments.points)
    figures = evaluate.evaluate(predicted, samples, scheme, points)
    if arguments.ced is not None:
        from training.engine.figures import draw_ced

        errors = evaluate.errors_of(predicted, samples, scheme, points)
        draw_ced({arguments.model.stem: errors}, arguments.ced)
    values = asdict(figures)
    table = evaluate.evaluation_table(figures)
    if arguments.dataset.startswith("rendered:"):
        bands = turn_bands(predicted, samples, scheme)
        values["turn_bands"] = {name: asdict(band) for name, band in bands.items()}
        table += "\n" + turn_table(bands)
    print(json.dumps(values) if arguments.json else table)


def run_presence(arguments: argparse.Namespace) -> None:
    """Measure a model's presence."""
    from device.finders.open import open_finder
    from training.measure.presence import measure_presence, presence_table

    finder = None if arguments.finder is None else open_finder(arguments.finder)
    figures = measure_presence(arguments.model, arguments.data, finder)
    print(json.dumps(asdict(figures)) if arguments.json else presence_table(figures))


def run_robustness(arguments: argparse.Namespace) -> None:
    """Measure what the usual figures do not show."""
    from training.measure.robustness import draw_cheap, draw_reliability, measure_robustness, robustness_table

    figures = measure_robustness(arguments.model, arguments.data)
    if arguments.plot is not None:
        draw_reliability({arguments.model.parent.name: figures}, arguments.plot)
    if arguments.pictures is not None:
        draw_cheap(arguments.data, arguments.pictures)
    print(json.dumps(asdict(figures)) if arguments.json else robustness_table(figures))


def run_handover(arguments: argparse.Namespace) -> None:
    """Write a run's handover: a landmark network's, or a finder's."""
    from training.engine.checkpoint import load_values
    from training.export.handover import write_handover
    from training.finder.settings import is_finder_run

    if is_finder_run(load_values(arguments.run / "network.pt")["settings"]):
        hand_over_finder(arguments)
        return
    name = arguments.name or arguments.run.name
    print(write_handover(arguments.run, name, arguments.data, arguments.runs))


def run_card(arguments: argparse.Namespace) -> None:
    """Write a model card: a landmark network's, or a finder's."""
    from training.report.model_card import write_card

    if (arguments.folder / "finder.tflite").is_file():
        write_card_of_finder(arguments)
        return
    print(write_card(arguments.folder, arguments.run, arguments.data))


def run_label_bias(arguments: argparse.Namespace) -> None:
    """Measure the label bias of each set."""
    from training.export.label_bias import label_bias_table, measure_label_bias

    print(label_bias_table(measure_label_bias(arguments.run, arguments.data)))


def run_turned(arguments: argparse.Namespace) -> None:
    """Draw turned faces."""
    from training.data.turned.pack import draw_turned

    left_out = draw_turned(arguments.data, arguments.picture)
    print(f"{arguments.picture}: {left_out} faces left out, turned too far already or not fitting")


def run_search_log(arguments: argparse.Namespace) -> None:
    """Write the search log."""
    from training.report.records import Records
    from training.report.search_log import write_search_log

    print(write_search_log(Records(arguments.runs)))


def run_recover(arguments: argparse.Namespace) -> None:
    """Make a finished run of a shipped model."""
    from training.engine.run_file import read_run
    from training.export.recovered import recover_run

    figures = recover_run(read_run(arguments.run), arguments.weights, arguments.data, arguments.runs)
    print(", ".join(f"{name} {100 * nme:.2f} %" for name, nme in figures.items()))


def run_results(arguments: argparse.Namespace) -> None:
    """Write the results page."""
    from training.report.records import Records
    from training.report.results import PAGE, write_results

    print(write_results(Records(arguments.runs), arguments.page or PAGE))


PROGRAMS = {
    "train": run_train,
    "show": run_show,
    "evaluate": run_evaluate,
    "presence": run_presence,
    "robustness": run_robustness,
    "handover": run_handover,
    "card": run_card,
    "results": run_results,
    "label-bias": run_label_bias,
    "turned": run_turned,
    "search-log": run_search_log,
    "recover": run_recover,
    "evaluate-finder": run_evaluate_finder,
    "fit-yunet": run_fit_yunet,
    "render": run_render,
    "signals": run_signals,
    "occlusion": run_occlusion,
}


def main() -> int:
    """Parse and run one command."""
    arguments = make_parser().parse_args()
    # Notes for the user; the libraries' own lines would come in the root logger's format.
    logging.basicConfig(format="note: %(message)s", level=logging.WARNING)
    PROGRAMS[arguments.command](arguments)
    return int(ExitCode.DONE)


if __name__ == "__main__":
    sys.exit(run_program(main))

"""`handover`, `card`, `recover`, `blend` and `label-bias`: what leaves training, and what comes back."""

import argparse

from device.contract.landmarks import ibug_68
from device.contract.provenance import sources_of
from training.engine.checkpoint import load_values
from training.engine.run_file import read_merged
from training.export.blend import blend_runs
from training.export.handover import write_handover
from training.export.label_bias import label_bias_table, measure_label_bias
from training.export.recovered import recover_run
from training.finder.recovered import recover_finder_run
from training.finder.settings import FinderRun, is_finder_run
from training.peers.media_pipe import MeshLooker
from training.programs.finder import hand_over_finder, write_card_of_finder
from training.programs.train import settings_from_values
from training.report.lineage import provenance_of, run_file_of
from training.report.model_card import CardFaces, write_card


def handover(arguments: argparse.Namespace) -> None:
    """Write a run's handover: a landmark network's, or a finder's.

    Raises:
        LandmarksError: as the run and its data say.
    """
    if is_finder_run(load_values(arguments.run / "network.pt")["settings"]):
        hand_over_finder(arguments)
        return
    name = arguments.name or arguments.run.name
    print(write_handover(arguments.run, name, arguments.data, arguments.runs))


def card(arguments: argparse.Namespace) -> None:
    """Write a model card: a landmark network's, or a finder's.

    Raises:
        LandmarksError: as the model and its data say.
    """
    if (arguments.folder / "finder.tflite").is_file():
        write_card_of_finder(arguments)
        return
    faces = CardFaces(
        arguments.rendered, arguments.photographs, arguments.finder, lambda: (MeshLooker().follow, ibug_68)
    )
    print(write_card(arguments.folder, arguments.run, arguments.data, faces))


def recover(arguments: argparse.Namespace) -> None:
    """Make a finished run of a shipped model, called as its folder is: whichever run its last part was.

    Raises:
        LandmarksError: as the run file and the weights say.
    """
    shipped = arguments.run.suffix == ".tflite"
    values = read_merged(run_file_of(arguments.run) if shipped else arguments.run)
    if shipped:
        values["name"] = arguments.run.resolve().parent.name
    settings = settings_from_values(values, str(arguments.run))
    recorded = sources_of(provenance_of(arguments.run)) if shipped else ()
    weights, data, runs = arguments.weights, arguments.data, arguments.runs
    figures = (
        recover_finder_run(settings, weights, data, arguments.yunet, runs, recorded=recorded)
        if isinstance(settings, FinderRun)
        else recover_run(settings, weights, data, runs, recorded=recorded)
    )
    print(", ".join(f"{name} {100 * figure:.2f} %" for name, figure in figures.items()))


def blend(arguments: argparse.Namespace) -> None:
    """Put a network between two finished runs.

    Raises:
        LandmarksError: as the run file and the runs say.
    """
    settings = settings_from_values(read_merged(arguments.run), str(arguments.run))
    print(blend_runs(settings, arguments.other, arguments.share, arguments.runs, arguments.stricter))


def label_bias(arguments: argparse.Namespace) -> None:
    """Measure the label bias of each set.

    Raises:
        LandmarksError: as the run and its data say.
    """
    print(label_bias_table(measure_label_bias(arguments.run, arguments.data)))

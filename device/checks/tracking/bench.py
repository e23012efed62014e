"""`landmarks track-bench`: every sequence, once followed and once searched in every frame."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict

from device.checks.tracking.figures import Figures
from device.checks.tracking.play import TruthFinder, measure_sequence
from device.checks.tracking.scene import GROUNDS
from device.checks.tracking.sequences import SEQUENCES, MadeSequence
from device.contract.errors import UsageError
from device.contract.exit_codes import ExitCode
from device.finders.finder import Finder
from device.finders.open import open_finder
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.tracking.tracker import Tracker

TRUTH = "truth:"
"""Address of the finder that knows where the faces are."""

FOLLOWING, SEARCHING = "following", "searching"

COLUMNS = f"{'':10} {'seen':>11} {'twice':>5} {'false':>5} {'ids':>4} {'swaps':>5} {'extra':>5} {'lost':>4}"


def measure_tracking(
    model: str, finder: str, ground: str, threads: int = 1, sequences: Sequence[MadeSequence] = SEQUENCES
) -> dict[str, dict[str, Figures]]:
    """Figures of following and of searching every frame, by sequence.

    Args:
        model: a shipped model or a .tflite file.
        finder: address of a finder, or truth: for one that knows the sequence.
        ground: plain or cluttered.
        threads: of the interpreter.
        sequences: what to play.

    Raises:
        UsageError: an unknown model, finder or ground.
        BadInputError: a model file is missing or damaged.
        MissingOutsideError: no TFLite runtime.
    """
    if ground not in GROUNDS:
        raise UsageError(f"--ground got {ground!r}, wanted {' or '.join(GROUNDS)}")
    network = LandmarkNetwork(find_model(model), threads)
    truth = TruthFinder() if finder == TRUTH else None
    opened: Finder = truth or open_finder(finder)
    trackers = {name: Tracker(network, opened) for name in (FOLLOWING, SEARCHING)}
    scheme = network.manifest.landmark_scheme
    return {
        sequence.name: measure_sequence(
            sequence, ground, trackers, scheme, truth_finder=truth, afresh=frozenset({SEARCHING})
        )
        for sequence in sequences
    }


def _row(name: str, figures: Figures) -> str:
    counts = figures.ids, figures.swaps, figures.fragments, figures.lost_reported
    # Ids mean nothing if everything is forgotten before each frame.
    ids, swaps, extra, lost = counts if name == FOLLOWING else ("-",) * len(counts)
    return (
        f"{name:10} {figures.seen:5}/{figures.due:5} {figures.duplicates:5} {figures.false_faces:5} "
        f"{ids:>4} {swaps:>5} {extra:>5} {lost:>4} "
        f"{100 * figures.drift:7.2f} {figures.cost_ms:8.2f} {figures.searches:8}"
    )


def tracking_table(measured: dict[str, dict[str, Figures]]) -> str:
    """The figures as text."""
    lines = [f"{COLUMNS} {'drift %':>7} {'ms/frame':>8} {'searches':>8}"]
    for sequence, trackers in measured.items():
        lines += [sequence, *(_row(name, figures) for name, figures in trackers.items())]
    return "\n".join(lines)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print.

    Raises:
        UsageError: an unknown model, finder or ground.
        BadInputError: a model file is missing or damaged.
        MissingOutsideError: no TFLite runtime.
    """
    model, finder, ground = arguments.model, arguments.finder, arguments.ground
    measured = measure_tracking(model, finder, ground, arguments.threads, SEQUENCES)
    if arguments.json:
        plain = {
            sequence: {name: asdict(figures) for name, figures in trackers.items()}
            for sequence, trackers in measured.items()
        }
        print(json.dumps({"model": model, "finder": finder, "ground": ground, "sequences": plain}))
    else:
        print(f"finder {finder}, {ground} background; seen: faces at least 75 % visible; extra: surplus ids;")
        print("drift: in eye distances, without each point's constant offset")
        print(tracking_table(measured))
    return int(ExitCode.DONE)

"""`evaluate-finder` and `fit-yunet`; a finder's handover and card."""

import argparse
import json
from dataclasses import asdict

from device.contract.errors import GateError, UsageError
from device.finders.open import YUNET_MIN_SCORE
from device.finders.trained import SHIPPED
from training.data.sets import read_data_folder
from training.finder.card import write_finder_card
from training.finder.evaluate import evaluate_finder, finder_table
from training.finder.handover import write_finder_handover
from training.finder.yunet import YuNet, fit_map


def evaluate(arguments: argparse.Namespace) -> None:
    """Measure a finder and print the figures.

    Raises:
        GateError: a requirement is not met.
    """
    figures = evaluate_finder(arguments.data, arguments.yunet, arguments.model or SHIPPED)
    values = asdict(figures) | {"held": figures.requirements}
    print(json.dumps(values) if arguments.json else finder_table(figures))
    missed = [name for name, met in figures.requirements.items() if not met]
    if missed:
        raise GateError(
            f"finder {figures.finder} misses {'; '.join(missed)}: train longer or see its figures"
        )


def fit_yunet(arguments: argparse.Namespace) -> None:
    """Fit and print the four numbers of device.finders.open.YUNET_TO_LANDMARKS."""
    samples = read_data_folder(arguments.data).train
    numbers = fit_map(samples, YuNet(arguments.yunet, YUNET_MIN_SCORE))
    print(f"({', '.join(f'{number:.3f}' for number in numbers)})  # {len(samples)} training faces")


def hand_over_finder(arguments: argparse.Namespace) -> None:
    """Write a finder's handover.

    Raises:
        UsageError: no data was given.
    """
    if arguments.data is None:
        raise UsageError("a finder's handover needs pictures: give --data FOLDER")
    name = arguments.name or arguments.run.name
    print(write_finder_handover(arguments.run, name, arguments.data, arguments.yunet, arguments.runs))


def write_card_of_finder(arguments: argparse.Namespace) -> None:
    """Measure a shipped finder and write its card.

    Raises:
        UsageError: no YuNet was given.
    """
    if arguments.yunet is None:
        raise UsageError("a finder's card compares it with YuNet: give --yunet FILE")
    print(write_finder_card(arguments.folder, arguments.run, arguments.data, arguments.yunet))

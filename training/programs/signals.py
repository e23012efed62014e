"""`signals` and `occlusion`: the numbers in device/signal/, and what is reported of covered faces."""

import argparse

from training.export.signals import write_signal_numbers
from training.measure.occlusion import write_occlusion


def signals(arguments: argparse.Namespace) -> None:
    """Derive and write."""
    for path in write_signal_numbers(arguments.data, arguments.model):
        print(path)


def occlusion(arguments: argparse.Namespace) -> None:
    """Measure and write."""
    print(write_occlusion(arguments.model, arguments.data))

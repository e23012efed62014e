"""Commands for the numbers in device/signal/: derive them, and measure what is reported of covered faces."""

import argparse
from pathlib import Path


def add_signals(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command `signals`."""
    signals = commands.add_parser("signals", help="derive the mean face and the usual expressions anew")
    signals.add_argument("--data", type=Path, required=True, help="folder with the data sets")
    signals.add_argument("--model", default="small", help="whose scores are usual (default: small)")


def add_occlusion(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command `occlusion`."""
    occlusion = commands.add_parser(
        "occlusion", help="how often a covered region is reported; writes device/signal/README.md"
    )
    occlusion.add_argument("--data", type=Path, required=True, help="folder with the data sets")
    occlusion.add_argument("--model", default="small", help="whose scores are read (default: small)")


def run_signals(arguments: argparse.Namespace) -> None:
    """Derive and write."""
    from training.export.signals import write_signal_numbers

    for path in write_signal_numbers(arguments.data, arguments.model):
        print(path)


def run_occlusion(arguments: argparse.Namespace) -> None:
    """Measure and write."""
    from training.measure.occlusion import write_occlusion

    print(write_occlusion(arguments.model, arguments.data))

"""`results`, `search-log`, `turned` and `rehearsal-data`: pages and pictures for people."""

import argparse

from device.contract.errors import UsageError
from training.data.drawn_folder import HELD_OUT, write_drawn_folder
from training.data.turned.pack import draw_turned
from training.report.records import Records
from training.report.results import PAGE, write_results
from training.report.search_log import write_search_log


def results(arguments: argparse.Namespace) -> None:
    """Write the results page.

    Raises:
        LandmarksError: as the runs say.
    """
    print(write_results(Records(arguments.runs), arguments.page or PAGE))


def search_log(arguments: argparse.Namespace) -> None:
    """Write the search log.

    Raises:
        LandmarksError: as the runs say.
    """
    print(write_search_log(Records(arguments.runs)))


def turned(arguments: argparse.Namespace) -> None:
    """Draw turned faces.

    Raises:
        LandmarksError: as the data says.
    """
    left_out = draw_turned(arguments.data, arguments.picture)
    print(f"{arguments.picture}: {left_out} faces left out, turned too far already or not fitting")


def rehearsal_data(arguments: argparse.Namespace) -> None:
    """Write a data folder of drawn faces.

    Raises:
        UsageError: too few faces to hold some out.
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    if arguments.count < 4 * HELD_OUT:
        raise UsageError(
            f"--count {arguments.count}: wanted at least {4 * HELD_OUT}, of which some are held out"
        )
    write_drawn_folder(arguments.out, arguments.count, arguments.seed)
    print(f"{arguments.out}: {arguments.count} drawn faces as 300w and youtube_faces")

"""`results`, `search-log` and `turned`: pages and pictures for people."""

import argparse

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

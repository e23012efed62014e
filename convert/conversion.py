"""One whole conversion: the job from its settings, the stations, the table for a person."""

import json
import os
from pathlib import Path
from typing import TextIO

from convert.handover.description import read_handover
from convert.handover.finder import FinderHandover
from convert.job import FINDER_STEM, LANDMARK_STEM, Job, Settings
from convert.pipeline import run_pipeline, stations_of
from convert.report.report import summary_table
from convert.stations.figure import figure_of
from convert.stations.handover import check_folder
from convert.stations.onnx2tf import find_converter


def job_of(folder: Path, out: Path, settings: Settings | None = None) -> Job:
    """The job of a handover folder.

    Raises:
        BadInputError: a file of it is missing or damaged.
        MissingOutsideError: no interpreter has onnx2tf.
    """
    check_folder(folder)
    finder = isinstance(read_handover(folder / "handover.json"), FinderHandover)
    return Job(
        handover=folder,
        out=out,
        converter=find_converter(os.environ),
        settings=settings or Settings(),
        stem=FINDER_STEM if finder else LANDMARK_STEM,
    )


def convert(
    folder: Path,
    out: Path,
    *,
    budget_points: float | None,
    max_error_percent: float | None,
    calibration_crops: int,
    everything: bool,
    float_tail: bool = False,
    progress: TextIO,
) -> str:
    """Convert a handover folder; the table of its forms.

    Args:
        folder: what training handed over.
        out: where the product goes.
        budget_points: percentage points that int8 may cost; None for the task's own.
        max_error_percent: error of the float network itself above which it is refused; None likewise.
        calibration_crops: largest number of crops that set the int8 ranges.
        everything: the other variants and the error of every layer as well.
        float_tail: an int8 file that is float after the last learnt layers as well.
        progress: one line a station.

    Raises:
        LandmarksError: whatever a station says.
    """
    check_folder(folder)
    figure = figure_of(read_handover(folder / "handover.json"))
    budget = figure.budget_points if budget_points is None else budget_points
    max_error = figure.max_error_percent if max_error_percent is None else max_error_percent
    job = job_of(folder, out, Settings(budget, max_error, calibration_crops, everything, float_tail))
    run_pipeline(job, progress, stations_of(job))
    return summary_table(json.loads(job.report.read_text(encoding="utf-8")))

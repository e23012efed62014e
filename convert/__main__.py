"""Convert a trained network to the int8 file the device runs: `python -m convert run HANDOVER --out OUT`."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from convert.figure import FINDER_FIGURE, figure_of
from convert.finder_handover import FinderHandover
from convert.handover import check_folder, read_handover
from convert.job import CALIBRATION_CROPS, FINDER_STEM, INT8_BUDGET_POINTS, LANDMARK_STEM, Job, Settings
from convert.onnx_to_tflite import INTERPRETER_VARIABLE, find_converter
from convert.pipeline import run_pipeline
from convert.report import summary_table
from device.contract.errors import run_program
from device.contract.exit_codes import ExitCode

EPILOG = f"""\
examples:
  python -m convert run runs/small/handover --out runs/small/model
  python -m convert run runs/small/handover --out /tmp/model --int8-budget 0.1

OUT gets student.tflite (int8, the product) and student_float32.tflite, or finder.tflite and
finder_float32.tflite for a finder, each with its manifest, and conversion.json. A second run skips
every station whose inputs, settings and code are the same.
Exit code 4: int8 loses more than the budget, or a file breaks a rule of convert/README.md.
{INTERPRETER_VARIABLE} names another interpreter with onnx2tf than .venv-convert's.
"""


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line; argparse ends the program with exit code 2 where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m convert",
        description="A trained network becomes an int8 TFLite file with its manifest.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "run",
        help="convert a handover folder",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument("handover", type=Path, metavar="HANDOVER", help="folder that training wrote")
    run.add_argument("--out", type=Path, required=True, metavar="OUT", help="folder for the product")
    run.add_argument(
        "--int8-budget",
        type=float,
        metavar="POINTS",
        help=f"percentage points that int8 may cost: of NME (default {INT8_BUDGET_POINTS:g}), or of a "
        f"finder's mean IoU (default {FINDER_FIGURE.budget_points:g})",
    )
    run.add_argument(
        "--calibration-crops",
        type=int,
        default=CALIBRATION_CROPS,
        metavar="N",
        help="largest number of crops that set the int8 ranges (default %(default)s)",
    )
    parsed = parser.parse_args(arguments)
    if parsed.calibration_crops < 1:
        run.error(f"--calibration-crops is {parsed.calibration_crops}, wanted at least 1")
    return parsed


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, build the job, run the stations, print the table."""
    options = parse_arguments(arguments)
    check_folder(options.handover)
    handover = read_handover(options.handover / "handover.json")
    budget = options.int8_budget
    job = Job(
        handover=options.handover,
        out=options.out,
        converter=find_converter(os.environ),
        settings=Settings(
            figure_of(handover).budget_points if budget is None else budget, options.calibration_crops
        ),
        stem=FINDER_STEM if isinstance(handover, FinderHandover) else LANDMARK_STEM,
    )
    run_pipeline(job, sys.stderr)
    print(summary_table(json.loads(job.report.read_text(encoding="utf-8"))))
    return int(ExitCode.DONE)


if __name__ == "__main__":
    sys.exit(run_program(main))

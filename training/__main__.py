"""Training from the command line: train, evaluate, hand over to conversion."""

import argparse
import logging
import sys

from device.contract.command_line import CommandParser
from device.contract.errors import run_program
from device.contract.exit_codes import ExitCode
from training.programs.commands import add_commands, run_command

EXAMPLES = """examples, in which DATA is a folder of data sets (training/README.md, "Data"):
  python -m training train training/configs/synthetic/teacher.toml training/configs/synthetic/student.toml
  python -m training train training/configs/landmark_student/small-rough.toml --data DATA
  python -m training train training/configs/kd_net/teacher_tough.toml --data DATA --minutes 30
  torchrun --nproc-per-node 4 -m training train training/configs/star_swin/teacher.toml --data DATA
  python -m training show training/configs/landmark_student/base.toml
  python -m training rehearsal-data drawn --count 400
  python -m training evaluate --model student.tflite --dataset 300w:FOLDER --list validation.txt --json
  python -m training evaluate --model student.onnx --dataset wflw:FOLDER --part test --ced ced.png
  python -m training presence --model student.tflite --data DATA
  python -m training robustness --model device/models/small/student.tflite --data DATA
  python -m training turned turned.png --data DATA
  python -m training recover device/models/small/student.tflite small.npz --data DATA
  python -m training compare mine.tflite device/models/small/student.tflite --mesh --data DATA
  python -m training render --avatars DATA/valid_avatars --count 2000 --out DATA/rendered
  python -m training draw --count 400 --out drawn
  python -m training peers --dataset 300w:FOLDER --quick
  python -m training results --runs runs
  python -m training handover runs/small-bent-blended --name small --data DATA
  python -m training evaluate-finder --data DATA --yunet yunet.onnx
  python -m training signals --data DATA

`python -m training COMMAND --help` says more of each.
"""


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser: argparse.ArgumentParser = CommandParser(
        prog="python -m training",
        description=__doc__,
        epilog=EXAMPLES,
    )
    add_commands(parser, EXAMPLES)
    return parser


def main() -> int:
    """Parse and run one command."""
    arguments = make_parser().parse_args()
    # Notes for the user; the libraries' own lines would come in the root logger's format.
    logging.basicConfig(format="note: %(message)s", level=logging.WARNING)
    run_command(arguments)
    return int(ExitCode.DONE)


if __name__ == "__main__":
    sys.exit(run_program(main))

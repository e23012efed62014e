"""Training from the command line: train, evaluate, hand over to conversion."""

import argparse
import logging
import sys

from device.contract.command_line import CommandParser
from device.contract.errors import run_program
from device.contract.exit_codes import ExitCode
from training.programs.commands import add_commands, run_command

EXAMPLES = """examples:
  python -m training train training/configs/synthetic/student.toml
  python -m training train training/configs/landmark_student/student.toml --data ../shared/data
  python -m training train training/configs/kd_net/teacher_tough.toml --data ../shared/data --minutes 9
  torchrun --nproc-per-node 4 -m training train training/configs/star_swin/teacher.toml --data ../shared/data
  python -m training show training/configs/landmark_student/base.toml
  python -m training rehearsal-data drawn --count 400
  python -m training evaluate --model student.tflite --dataset 300w:FOLDER --list validation.txt --json
  python -m training evaluate --model student.onnx --dataset wflw:FOLDER --part test --ced ced.png
  python -m training presence --model student.tflite --data ../shared/data
  python -m training robustness --model device/models/small/student.tflite --data ../shared/data
  python -m training turned turned.png --data ../shared/data
  python -m training recover training/configs/landmark_student/small.toml small.npz --data ../shared/data
  python -m training compare device/models/small/student.tflite --mesh --data ../shared/data
  python -m training render --avatars ../shared/data/valid_avatars --count 2000 --out rendered
  python -m training results --runs runs
  python -m training handover runs/landmark_student-student --data ../shared/data
  python -m training evaluate-finder --data ../shared/data --yunet yunet.onnx
  python -m training signals --data ../shared/data
"""


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser: argparse.ArgumentParser = CommandParser(
        prog="python -m training",
        description=__doc__,
        epilog=EXAMPLES,
    )
    add_commands(parser)
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

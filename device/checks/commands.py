"""Command lines of the checks. Light to import: every command of the device builds the whole parser."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

from device.contract.command_line import count, positive

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001  # has no public name

MODEL_HELP = "a shipped model or a .tflite file (default: small, or swift where int8 has no dot products)"

SELFTEST = """examples:
  landmarks selftest                              golden outputs, times, memory, dropped frames
  landmarks selftest --budget 1.4 --spread 2.5    a tracked frame within 1.4 ms, p99 within 2.5 x its median
  landmarks selftest --quick                      correctness only, for a machine that is in use
  landmarks selftest --publish mqtt://broker/pi   also send the report to a sink

Exit code 0: all passed; 4: a check failed; others as in docs/troubles.md, "Exit codes".
"""

DOCTOR = """examples:
  landmarks doctor                                            this machine, with the default settings
  landmarks doctor --config /etc/landmarks/daemon.toml        with the settings of the installed daemon
  landmarks doctor --source v4l2:0 --sink mqtt://broker/pi    this camera and this broker must work

One line per finding: ok, warning, fault or absent (not there and not needed), what was found, and the remedy.
Exit code 0: no fault; 4: a fault; others as in docs/troubles.md, "Exit codes".
"""

BENCH = """examples:
  landmarks bench                     every stage of the default model, beside MediaPipe if it is installed
  landmarks bench --model tiny --json
  landmarks bench --load              one to eight faces, frames up to 4K, two daemons, as a table
"""

TRACK_BENCH = """examples:
  landmarks track-bench                       how well the tracker follows when the finder is perfect
  landmarks track-bench --finder trained:     the same with the shipped finder
"""

JITTER_BENCH = """examples:
  landmarks jitter-bench                          on the demo photograph
  landmarks jitter-bench --pictures portraits     on the first face of every picture of a folder
  landmarks jitter-bench --gate                   exit code 4 if the default setting misses its target
"""

CONFIG = """examples:
  landmarks config show > daemon.toml             every setting with its default, to start from
  landmarks config show --config daemon.toml      what a run with this file would use
  landmarks config check daemon.toml              every mistake in a file, with its line

A file needs only what differs from the defaults. Secrets come from the environment: LANDMARKS_TABLE_KEY.
Exit code 0: the file can be used; 3: it cannot.
"""


def _common(parser: argparse.ArgumentParser, *, network: bool = True) -> None:
    """Options that the checks share."""
    if network:
        parser.add_argument("--model", default="auto", help=MODEL_HELP)
        parser.add_argument("--threads", type=count, default=1, help="threads of the network (default: 1)")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")


def _selftest(parser: argparse.ArgumentParser) -> None:
    _common(parser)
    parser.add_argument("--frames", type=count, default=600, help="frames per measurement (default: 600)")
    parser.add_argument("--quick", action="store_true", help="golden outputs and a short demo, nothing timed")
    parser.add_argument("--publish", metavar="SINK", help="also send the report, as in mqtt://broker/pi")
    limits = parser.add_argument_group("limits")
    limits.add_argument(
        "--budget", type=positive, default=33.3, metavar="MS",
        help="median from capture to message, milliseconds (default: 33.3, one frame at 30 a second)",
    )  # fmt: skip
    limits.add_argument("--spread", type=positive, metavar="RATIO", help="p99 over median (default: any)")
    limits.add_argument("--memory", type=positive, default=110.0, metavar="MB", help="memory (default: 110)")
    limits.add_argument(
        "--dropped", type=float, default=0.01, metavar="FRACTION", help="dropped live frames (default: 0.01)"
    )


def _doctor(parser: argparse.ArgumentParser) -> None:
    _common(parser, network=False)
    parser.add_argument("--config", type=Path, help="the daemon's settings file")
    parser.add_argument("--source", help="address of the source that must work")
    parser.add_argument("--sink", action="append", dest="sinks", help="address of a sink that must work")


def _bench(parser: argparse.ArgumentParser) -> None:
    _common(parser)
    parser.add_argument("--mediapipe", help="MediaPipe's face_landmark.tflite (default: from .venv-bench)")
    parser.add_argument(
        "--load", action="store_true", help="instead, a table: what faces, sizes and a second daemon cost"
    )


def _track_bench(parser: argparse.ArgumentParser) -> None:
    _common(parser)
    parser.add_argument(
        "--finder", default="truth:", help="truth: (default; knows where the faces are) or any finder"
    )
    parser.add_argument(
        "--ground", default="cluttered", help="background behind the faces: cluttered (default) or plain"
    )


def _jitter_bench(parser: argparse.ArgumentParser) -> None:
    _common(parser)
    parser.add_argument("--pictures", type=Path, help="folder of portraits (default: the demo photograph)")
    parser.add_argument("--page", type=Path, help="write table and curve into this page, between its marks")
    parser.add_argument("--gate", action="store_true", help="fail if the default setting misses its target")


def _config(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    show = actions.add_parser("show", help="print every setting as a file that can be read back")
    show.add_argument("--config", type=Path, help="with the values of this file")
    check = actions.add_parser("check", help="list every mistake in a file with its line")
    check.add_argument("file", type=Path, help="the settings file")


@dataclass(frozen=True)
class Check:
    """A subcommand."""

    name: str
    help: str
    examples: str
    add_options: Callable[[argparse.ArgumentParser], None]
    module: str
    """Module whose `run(arguments)` carries it out, imported only then."""


CHECKS = (
    Check("selftest", "test this device: outputs, times, memory, dropped frames", SELFTEST, _selftest,
          "device.checks.selftest.program"),
    Check("doctor", "find what is wrong on this machine, with the remedy", DOCTOR, _doctor,
          "device.checks.doctor.program"),
    Check("bench", "time every stage, beside MediaPipe if it is installed", BENCH, _bench,
          "device.checks.bench.program"),
    Check("track-bench", "measure how well faces are followed in made sequences", TRACK_BENCH, _track_bench,
          "device.checks.tracking.bench"),
    Check("jitter-bench", "measure steadiness and lag of the landmark filter", JITTER_BENCH, _jitter_bench,
          "device.checks.jitter.program"),
    Check("config", "show all settings, or check a settings file", CONFIG, _config,
          "device.checks.settings_file"),
)  # fmt: skip
"""Every check, in the order in which `--help` lists them."""


def add_checks(commands: Commands) -> None:
    """Add every check to the command line."""
    for check in CHECKS:
        parser = commands.add_parser(
            check.name,
            help=check.help,
            description=check.help[0].upper() + check.help[1:] + ".",
            epilog=check.examples,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        check.add_options(parser)


def run_check(arguments: argparse.Namespace) -> int:
    """Carry out the check that the command line names; its exit code.

    Raises:
        LandmarksError: as the check's own module says.
    """
    module = next(check.module for check in CHECKS if check.name == arguments.command)
    return int(import_module(module).run(arguments))

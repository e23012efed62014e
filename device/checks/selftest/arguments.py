"""The self-test's command line; light, because every command of the device reads it."""

import argparse
from pathlib import Path

EXAMPLES = """examples:
  python -m device selftest                              golden outputs, times, memory, drops
  python -m device selftest --budget 1.4 --spread 2.5    a tracked frame in 1.4 ms, p99 within 2.5 x that
  python -m device selftest --quick                      is it right? no times; for a machine that is in use
  python -m device selftest --write-reference            this board is well: keep its times
  python -m device selftest --publish mqtt://broker/pi   tell whoever listens

Exit code 0: all passed; 4: a check failed; others as in README.md, "Exit codes".
"""


def add_selftest(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The subcommand."""
    parser = commands.add_parser(
        "selftest",
        help="does the model say what it said, and is it fast enough here?",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", default="small", help="a shipped model or a .tflite file (default: small)")
    parser.add_argument("--threads", type=int, default=1, help="of the interpreter (default: 1)")
    parser.add_argument("--frames", type=int, default=600, help="of each measurement (default: 600)")
    parser.add_argument(
        "--quick", action="store_true", help="golden outputs and a short demo, and no times or memory"
    )
    parser.add_argument(
        "--budget", type=float, default=33.3, metavar="MS",
        help="median from capture to message (default: 33.3, a frame at 30 a second)",
    )  # fmt: skip
    parser.add_argument("--spread", type=float, metavar="RATIO", help="most of p99 / p50 (default: any)")
    parser.add_argument(
        "--memory", type=float, default=110.0, metavar="MB", help="the most to hold (default: 110)"
    )
    parser.add_argument(
        "--dropped", type=float, default=0.01, metavar="SHARE", help="most of live frames (default: 0.01)"
    )
    parser.add_argument(
        "--reference", type=Path, metavar="FOLDER", help="of the boards' references (default: the package's)"
    )
    parser.add_argument("--write-reference", action="store_true", help="keep these times as this board's")
    parser.add_argument("--publish", metavar="SINK", help="also send the report, as in mqtt://broker/pi")
    parser.add_argument("--json", action="store_true", help="the report as one JSON object")

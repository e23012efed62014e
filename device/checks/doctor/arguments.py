"""The doctor's command line; light, because every command of the device reads it."""

import argparse
from pathlib import Path

EXAMPLES = """examples:
  python -m device doctor                                            this machine, with the default settings
  python -m device doctor --config /etc/landmarks/daemon.toml        what the daemon is told there, too
  python -m device doctor --source v4l2:0 --sink mqtt://broker/pi    a camera and a broker must be there

Each line: ok, warning, fault or absent (not here, and not asked for); its name; what was seen; its fix.
Exit code 0: nothing at fault; 4: a fault; others as in README.md, "Exit codes".
"""


def add_doctor(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "doctor",
        help="what is wrong on this machine, and how to mend it",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, help="the daemon's settings file")
    parser.add_argument("--source", help="the source that is to be used")
    parser.add_argument("--sink", action="append", dest="sinks", help="a sink that is to be used")
    parser.add_argument("--json", action="store_true", help="findings as one JSON object")

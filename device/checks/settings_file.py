"""`python -m device config`: show all settings, check a file."""

import argparse
import sys
from pathlib import Path

from device.contract.exit_codes import ExitCode

EXAMPLES = """examples:
  python -m device config show > daemon.toml             every setting with its default, to start from
  python -m device config show --config daemon.toml      what a run with this file would use
  python -m device config check daemon.toml              every mistake with its line

A file needs only what differs from the defaults. Secrets come from the environment: LANDMARKS_TABLE_KEY.
Exit codes: 0 the file can be used, 3 it cannot.
"""


def add_config(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    config = commands.add_parser(
        "config",
        help="show all settings, check a settings file",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    programs = config.add_subparsers(dest="config_command", required=True)
    show = programs.add_parser("show", help="print every setting as a file that can be read back")
    show.add_argument("--config", type=Path, help="with the values of this file")
    check = programs.add_parser("check", help="tell every mistake in a file with its line")
    check.add_argument("file", type=Path, help="the settings file")


def run_config(arguments: argparse.Namespace) -> int:
    """Show or check."""
    return show(arguments.config) if arguments.config_command == "show" else check(arguments.file)


def show(config: Path | None) -> int:
    """Print every setting as a file that can be read back.

    Raises:
        BadInputError: the file cannot be used.
    """
    # The subsystems' settings lie beside their code, which is heavy: not before they are asked for.
    from device.config.show import show_settings
    from device.settings import settings_of

    print("\n".join(show_settings(settings_of(config, {}))))
    return int(ExitCode.DONE)


def check(file: Path) -> int:
    """Tell every mistake, one a line, on standard error.

    Raises:
        BadInputError: the file cannot be read at all.
    """
    from device.config.file import read_settings_file
    from device.config.load import sentences_of
    from device.settings import DaemonSettings

    sentences = sentences_of(read_settings_file(file), DaemonSettings)
    for sentence in sentences:
        print(f"error: {sentence}", file=sys.stderr)
    if sentences:
        return int(ExitCode.BAD_INPUT)
    print(f"{file}: can be used")
    return int(ExitCode.DONE)

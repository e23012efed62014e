"""`landmarks config`: show all settings, check a settings file."""

import argparse
import sys
from pathlib import Path

from device.contract.exit_codes import ExitCode


def run(arguments: argparse.Namespace) -> int:
    """Show or check.

    Raises:
        BadInputError: the file cannot be used.
    """
    return show(arguments.config) if arguments.action == "show" else check(arguments.file)


def show(config: Path | None) -> int:
    """Print every setting as a file that can be read back.

    Raises:
        BadInputError: the file cannot be used.
    """
    from device.config.show import show_settings
    from device.settings import settings_of

    print("\n".join(show_settings(settings_of(config, {}))))
    return int(ExitCode.DONE)


def check(file: Path) -> int:
    """List every mistake on standard error, one a line.

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

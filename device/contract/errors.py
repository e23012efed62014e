"""Errors a user can fix: one sentence each (got, wanted, what to do) and an exit code."""

import errno
import sys
from collections.abc import Callable

from device.contract.exit_codes import ExitCode


class LandmarksError(Exception):
    """Base of every error whose sentence is meant for the user.

    The message is one line: what was got, what was wanted, what to do about it.
    """

    exit_code = ExitCode.UNEXPECTED


class UsageError(LandmarksError):
    """The command line is wrong."""

    exit_code = ExitCode.USAGE


class BadInputError(LandmarksError):
    """A file or a value cannot be used."""

    exit_code = ExitCode.BAD_INPUT


class GateError(LandmarksError):
    """A measured figure misses its mark."""

    exit_code = ExitCode.GATE


class MissingOutsideError(LandmarksError):
    """A camera, compiler, broker or package that the task needs is not there."""

    exit_code = ExitCode.MISSING_OUTSIDE


class RefusedError(LandmarksError):
    """The safe answer was no."""

    exit_code = ExitCode.REFUSED


class WriteFailedError(LandmarksError):
    """The disk is full or may not be written."""

    exit_code = ExitCode.WRITE_FAILED


class VerifyFailedError(LandmarksError):
    """What was written reads back differently."""

    exit_code = ExitCode.VERIFY_FAILED


def run_program(main: Callable[[], int]) -> int:
    """Run a program's main; a user's mistake becomes one line on stderr and its exit code.

    A reader that goes away (`| head`) is an ordinary end; work cut off by Ctrl-C is not done, and says
    so. Anything else that is unexpected keeps its traceback and Python's exit code 1.
    """
    try:
        return main()
    except LandmarksError as error:
        print(f"error: {error}", file=sys.stderr)
        return int(error.exit_code)
    except KeyboardInterrupt:
        print("error: interrupted before the end; run it again", file=sys.stderr)
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # The interpreter would flush stdout once more at exit and complain.
        sys.stdout = None
        return int(ExitCode.DONE)
    except OSError as error:
        return _told(error)


def _told(error: OSError) -> int:
    """The exit code of what the system refuses, in one line; what is no user's mistake is raised again."""
    if isinstance(error, PermissionError) and error.filename:
        print(f"error: cannot use {error.filename}: {error.strerror}; give it other rights", file=sys.stderr)
        return int(ExitCode.BAD_INPUT)
    if error.errno != errno.ENOSPC:
        raise error
    where = f" while writing {error.filename}" if error.filename else ""
    print(f"error: no space left on the disk{where}: free some and run again", file=sys.stderr)
    return int(ExitCode.WRITE_FAILED)

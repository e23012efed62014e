"""The device's command line: run the daemon, measure it."""

import sys

try:
    import argparse
    import logging
    import signal
    from pathlib import Path
    from typing import TYPE_CHECKING, Any

    from device import __version__
    from device.checks.commands import MODEL_HELP, add_checks, run_check
    from device.contract.command_line import CommandParser
    from device.contract.errors import run_program
    from device.contract.exit_codes import ExitCode
except KeyboardInterrupt:
    # `run_program`, which says so from here on, may not be there yet, nor the table of exit codes.
    sys.exit(130)

if TYPE_CHECKING:
    from device.daemon.service import Service

EXAMPLES = """examples:
  landmarks run                                               the built-in demo camera, until Ctrl-C
  landmarks run --source 'v4l2:0?size=640x480'                a camera
  landmarks run --source images:photos --sink annotated:seen  pictures, and what was found in them drawn in
  landmarks run --source video:clip.mp4 --sink csv:clip.csv   a film, as a table
  landmarks run --config daemon.toml --sink stdout:           settings of a file, one of them overridden
  landmarks config show                                       every setting, what it means, its default
  landmarks doctor                                            what is wrong here, and how to mend it
  landmarks selftest                                          is the device well, and fast enough here?
  landmarks bench                                             how long each stage takes here
  landmarks track-bench                                       how well faces are followed
  landmarks jitter-bench                                      how steady the points are, and how much they lag

`python -m device` is the same where nothing is installed; `landmarks COMMAND --help` says more of each.
Exit codes: docs/troubles.md, "Exit codes". The stream: device/README.md.
"""


class _HelpWithAddresses(argparse.Action):
    """`--help` that also lists every source and sink: their declarations are imported only then."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: object, values: object, option: str | None = None
    ) -> None:
        del namespace, values, option
        from device.sinks import SINKS
        from device.sources.open import SOURCES

        parser.epilog = f"{SOURCES.help()}\n\n{SINKS.help()}\n\n{EXAMPLES}"
        parser.print_help()
        parser.exit()


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = commands.add_parser(
        "run",
        help="stream landmarks",
        add_help=False,
    )
    run.add_argument("-h", "--help", action=_HelpWithAddresses, nargs=0, help="show this and exit")
    run.add_argument("--config", type=Path, help="settings file; flags override what it says")
    run.add_argument("--source", help="address of the frames (default: demo:), listed below")
    run.add_argument(
        "--sink",
        action="append",
        dest="sinks",
        help="address for the messages (default: stdout:), listed below; may be given more than once",
    )
    run.add_argument("--finder", help="trained: (default), centre:, yunet:FILE or ssd:FILE")
    run.add_argument("--model", help=MODEL_HELP)
    run.add_argument("--threads", type=int, help="of the interpreter (default: 1)")
    run.add_argument("--frames", type=int, help="end after this many frames")
    run.add_argument(
        "--follow", action="store_const", const=True, help="images: are frames of one scene, not unrelated"
    )
    run.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="TABLE.KEY=VALUE",
        help="any other setting, as in --set tracker.max_faces=1 (all: landmarks config show)",
    )


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser: argparse.ArgumentParser = CommandParser(
        prog="landmarks",
        description=__doc__,
        epilog=EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"landmarks {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_run(commands)
    add_checks(commands)
    return parser


FLAGS: dict[str, tuple[str, ...]] = {
    "source": ("source",),
    "sinks": ("sinks",),
    "finder": ("finder",),
    "model": ("model",),
    "threads": ("inference", "threads"),
    "frames": ("frames",),
    "follow": ("follow",),
}
"""Flags of `run` and the settings they override."""


def flag_values(arguments: argparse.Namespace) -> dict[str, Any]:
    """Nested settings of the flags that were given.

    Raises:
        UsageError: an assignment to a setting that does not exist.
    """
    from device.config.load import parse_assignment
    from device.config.tables import merged, nested
    from device.settings import DaemonSettings

    values: dict[str, Any] = {}
    for text in arguments.set:
        values = merged(values, parse_assignment(text, DaemonSettings))
    for name, path in FLAGS.items():
        if getattr(arguments, name) is not None:
            values = merged(values, nested(path, getattr(arguments, name)))
    return values


def run_daemon(arguments: argparse.Namespace) -> int:
    """Build everything, then stream until the end."""
    from device.sources.opencv import limit_pictures
    from device.support.startup import quick_imports

    limit_pictures()
    # The parts load numpy, OpenCV and the interpreter: after the command line is known to be right.
    with quick_imports():
        from device.daemon.assembly import Assembly
        from device.daemon.files_apart import check_files_apart
        from device.daemon.service import Service
        from device.settings import DaemonSettings, settings_of
        from device.sources.open import is_replay

    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s")
    flags = flag_values(arguments)

    def load() -> DaemonSettings:
        settings = settings_of(arguments.config, flags)
        check_files_apart(settings.source, settings.sinks)
        return settings

    settings = load()
    if is_replay(settings.source):
        from device.daemon.replay import run_replay

        return run_replay(settings)
    service = Service(load, Assembly())
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda number, _: _stop(service, number))
    signal.signal(signal.SIGHUP, lambda *_: service.reload())
    service.run()
    return int(ExitCode.DONE)


def _stop(service: "Service", number: int) -> None:
    """End in peace; a second signal of the same kind ends the process at once."""
    signal.signal(number, signal.SIG_DFL)
    service.stop()


def main() -> int:
    """Parse and run one command."""
    arguments = make_parser().parse_args()
    return run_daemon(arguments) if arguments.command == "run" else run_check(arguments)


def program() -> int:
    """The console script `landmarks`."""
    return run_program(main)


if __name__ == "__main__":
    sys.exit(program())

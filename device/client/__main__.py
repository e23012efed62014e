"""Print the messages of a device as they arrive."""

import argparse
import sys
import time
from collections.abc import Iterator

from device.client import Connection, ConnectionState, LandmarkClient, connect
from device.contract.command_line import CommandParser, count, positive
from device.contract.errors import MissingOutsideError, run_program
from device.contract.exit_codes import ExitCode
from device.messages import messages as events

EXAMPLES = """examples:
  python -m device.client ws://localhost:8080/stream           one line for each message, for people
  python -m device.client mqtt://broker.local/hall             through a broker
  python -m device.client ws://pi.local:8080 --json > day.jsonl   a recording, which `replay:` plays

The token of a web sink is read from the environment variable LANDMARKS_WEB_TOKEN, a broker's password from
LANDMARKS_MQTT_PASSWORD.
"""


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser: argparse.ArgumentParser = CommandParser(
        prog="python -m device.client",
        description=__doc__,
        epilog=EXAMPLES,
    )
    parser.add_argument("address", help="ws://HOST:PORT/stream, mqtt://HOST/DEVICE or replay:FILE")
    parser.add_argument("--json", action="store_true", help="print lines of JSON as the device writes them")
    parser.add_argument("--frames", type=count, help="stop after this many frames")
    parser.add_argument(
        "--wait",
        type=positive,
        metavar="SECONDS",
        help="give up a device of which nothing has come for so long at first (default: try until Ctrl-C)",
    )
    return parser


def line_for_people(client: LandmarkClient, message: events.Message) -> str:
    """A message in one short line."""
    match message:
        case events.FrameMessage():
            faces = "; ".join(_face(face) for face in message.faces) or "no face"
            return f"frame {message.sequence}, {client.age_ms(message):.1f} ms old: {faces}"
        case events.Health():
            return f"health: {message.frames} frames, {message.skipped} skipped, up {message.uptime_s:.0f} s"
        case events.FaceLost():
            return f"face {message.id} lost"
        case events.ErrorMessage():
            return f"error: {message.reason}"
    return ", ".join(f"{key} {value}" for key, value in events.plain(message).items())


def _face(face: events.FaceMessage) -> str:
    pose = face.pose and f", yaw {face.pose.yaw:.0f}, pitch {face.pose.pitch:.0f}, roll {face.pose.roll:.0f}"
    return f"face {face.id} at {face.box.x_min:.0f}, {face.box.y_min:.0f}{pose or ''}"


def main(words: list[str] | None = None) -> int:
    """Print until the stream ends, the wanted number of frames is reached, or Ctrl-C is pressed."""
    arguments = make_parser().parse_args(words)
    with connect(arguments.address) as client:
        try:
            _print(client, arguments)
        except KeyboardInterrupt:
            return int(ExitCode.DONE)  # the usual way to stop watching
    return int(ExitCode.DONE)


def _print(client: LandmarkClient, arguments: argparse.Namespace) -> None:
    frames, hint = 0, _hint(arguments)
    for message in _arrivals(client, arguments):
        if isinstance(message, Connection):
            line = f"{message.state}: {message.reason}".rstrip(": ")
            if message.state is ConnectionState.OFFLINE:
                line, hint = line + hint, ""
            print(line, file=sys.stderr, flush=True)
            continue
        as_json = arguments.json
        line = events.encode(message).decode() if as_json else f"{line_for_people(client, message)}\n"
        sys.stdout.write(line)
        sys.stdout.flush()
        frames += isinstance(message, events.FrameMessage)
        if frames == arguments.frames:
            return


def _hint(arguments: argparse.Namespace) -> str:
    """What is tried and for how long, said once, where the device does not answer."""
    limit = "" if arguments.wait else ", or start with --wait SECONDS"
    return f" ({arguments.address} is tried until it answers; Ctrl-C ends that{limit})"


def _arrivals(client: LandmarkClient, arguments: argparse.Namespace) -> Iterator[events.Message | Connection]:
    """Whatever comes, until the end.

    Raises:
        MissingOutsideError: the device has sent nothing in the time that it is given.
    """
    deadline = time.monotonic() + arguments.wait if arguments.wait else None
    while True:
        message = client.take(None if deadline is None else max(deadline - time.monotonic(), 0.0))
        if message is None:
            break
        if not isinstance(message, Connection):
            deadline = None
        yield message
    if client.connection.state is not ConnectionState.ENDED:
        raise MissingOutsideError(
            f"nothing from {arguments.address} in {arguments.wait:g} s, wanted a stream; "
            "start the device, or check the address"
        )


def program() -> int:
    """The program, for `python -m device.client`."""
    return run_program(main)


if __name__ == "__main__":
    sys.exit(program())

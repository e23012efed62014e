"""The device's command line: run the daemon, measure it."""

import argparse
import signal
import sys

from device.contract.errors import run_program
from device.contract.exit_codes import ExitCode

EXAMPLES = """examples:
  python -m device run                                   the built-in demo camera, until Ctrl-C
  python -m device run --source v4l2:0?size=640x480      a camera
  python -m device run --source images:photos            each picture by itself
  python -m device run --source video:clip.mp4 --finder yunet:yunet.onnx
  python -m device bench                                 how long each stage takes here
  python -m device track-bench                           how well faces are followed

Exit codes: README.md, "Exit codes". The stream: device/README.md.
"""


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = commands.add_parser(
        "run",
        help="stream landmarks",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument("--source", default="demo:", help="demo: (default), images:FOLDER, video:FILE, v4l2:N")
    run.add_argument("--sink", action="append", help="stdout: (default); may be given more than once")
    run.add_argument(
        "--finder", default="trained:", help="trained: (default), centre:, yunet:FILE or ssd:FILE"
    )
    run.add_argument("--model", default="small", help="a shipped model or a .tflite file (default: small)")
    run.add_argument("--threads", type=int, default=1, help="of the interpreter (default: 1)")
    run.add_argument("--frames", type=int, help="end after this many frames")
    run.add_argument("--follow", action="store_true", help="images: are frames of one scene, not unrelated")


def _add_bench(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    bench = commands.add_parser("bench", help="time every stage, beside MediaPipe where its model is at hand")
    bench.add_argument("--model", default="small", help="a shipped model or a .tflite file (default: small)")
    bench.add_argument("--threads", type=int, default=1, help="of the interpreter (default: 1)")
    bench.add_argument("--mediapipe", help="MediaPipe's face_landmark.tflite (default: from .venv-bench)")
    bench.add_argument("--json", action="store_true", help="figures as one JSON object")


def _add_track_bench(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    track = commands.add_parser(
        "track-bench", help="how well faces are followed on made sequences, beside searching every frame"
    )
    track.add_argument(
        "--finder", default="truth:", help="truth: (default; knows the sequence) or any finder"
    )
    track.add_argument("--ground", default="cluttered", help="behind the faces: cluttered (default) or plain")
    track.add_argument("--model", default="small", help="a shipped model or a .tflite file (default: small)")
    track.add_argument("--threads", type=int, default=1, help="of the interpreter (default: 1)")
    track.add_argument("--json", action="store_true", help="figures as one JSON object")


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m device",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    _add_run(commands)
    _add_bench(commands)
    _add_track_bench(commands)
    return parser


def run_daemon(arguments: argparse.Namespace) -> int:
    """Build everything, then stream until the end."""
    # The parts load numpy, OpenCV and the interpreter: after the command line is known to be right.
    from device.daemon import Daemon
    from device.finder import open_finder
    from device.inference import LandmarkNetwork
    from device.settings import DaemonSettings, find_model
    from device.sinks import open_sink
    from device.sources import open_source
    from device.tracker import Tracker

    settings = DaemonSettings(
        source=arguments.source,
        sinks=tuple(arguments.sink or ("stdout:",)),
        finder=arguments.finder,
        model=arguments.model,
        threads=arguments.threads,
        follow=arguments.follow,
        frames=arguments.frames,
    )
    sinks = [open_sink(uri) for uri in settings.sinks]
    network = LandmarkNetwork(find_model(settings.model), settings.threads)
    tracker = Tracker(network, open_finder(settings.finder, settings.threads), settings.tracker)
    source = open_source(settings.source)
    with Daemon(source, tracker, sinks, network.manifest.identity, settings) as daemon:
        for ending in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ending, lambda *_: daemon.stop())
        daemon.run()
    return int(ExitCode.DONE)


def run_bench(arguments: argparse.Namespace) -> int:
    """Measure and print."""
    from device.bench import bench

    return bench(arguments.model, arguments.threads, arguments.mediapipe, as_json=arguments.json)


def run_track_bench(arguments: argparse.Namespace) -> int:
    """Measure the tracker and print."""
    from device.trackbench.bench import track_bench

    return track_bench(
        arguments.model, arguments.finder, arguments.ground, arguments.threads, as_json=arguments.json
    )


PROGRAMS = {"run": run_daemon, "bench": run_bench, "track-bench": run_track_bench}


def main() -> int:
    """Parse and run one command."""
    arguments = make_parser().parse_args()
    return PROGRAMS[arguments.command](arguments)


def program() -> int:
    """The console script `landmarks`."""
    return run_program(main)


if __name__ == "__main__":
    sys.exit(program())

"""The jitter bench's command line; light, because every command of the device reads it."""

import argparse
from pathlib import Path

EXAMPLES = """examples:
  python -m device jitter-bench                          the demo photograph
  python -m device jitter-bench --pictures portraits     the first face of every picture of a folder
  python -m device jitter-bench --gate                   exit code 4 if the default setting misses its mark
"""


def add_jitter_bench(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command `jitter-bench`."""
    bench = commands.add_parser(
        "jitter-bench",
        help="how steady the points are, and how much each setting of the filter makes them lag",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    bench.add_argument("--model", default="small", help="a shipped model or a .tflite file (default: small)")
    bench.add_argument("--pictures", type=Path, help="folder of portraits (default: the demo photograph)")
    bench.add_argument("--threads", type=int, default=1, help="of the interpreter (default: 1)")
    bench.add_argument("--page", type=Path, help="write table and curve into this page, between its marks")
    bench.add_argument("--json", action="store_true", help="figures as one JSON object, fractions")
    bench.add_argument("--gate", action="store_true", help="fail if the default setting misses its mark")


def run_jitter_bench(arguments: argparse.Namespace) -> int:
    """Measure and print."""
    from device.checks.jitter.program import jitter_bench

    return jitter_bench(
        arguments.model,
        arguments.pictures,
        arguments.threads,
        page=arguments.page,
        as_json=arguments.json,
        gate=arguments.gate,
    )

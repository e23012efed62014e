"""The command `render`."""

import argparse
import os
from pathlib import Path
from typing import Any

from device.contract.errors import MissingOutsideError, UsageError


def add_render(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    render = commands.add_parser(
        "render", help="render labelled pictures of 3D heads; the same command goes on where it was cut off"
    )
    render.add_argument("--avatars", type=Path, required=True, help="folder of the heads (.glb)")
    render.add_argument("--count", type=int, required=True, help="number of pictures")
    render.add_argument("--out", type=Path, required=True, help="folder to write")
    render.add_argument("--seed", type=int, default=0, help="another seed makes other pictures (default: 0)")
    render.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)"
    )
    render.add_argument("--side", type=int, default=384, help="pixels of a picture's side (default: 384)")
    render.add_argument(
        "--max-roll", type=float, default=45.0, help="largest roll, degrees, up to 180 (default: 45)"
    )
    render.add_argument(
        "--held-out", action="store_true", help="the six people kept for evaluation instead of all others"
    )
    render.add_argument(
        "--page", type=Path, metavar="FILE", help="draw a sheet of pictures with their points (PNG)"
    )


def run_render(arguments: argparse.Namespace) -> None:
    """Render a data set.

    Raises:
        UsageError: a number that makes no sense.
        MissingOutsideError: the packages of the extra `rendered` are not installed.
    """
    for name, low, high in (
        ("count", 1, 10**7),
        ("workers", 1, 256),
        ("side", 64, 2048),
        ("max_roll", 0, 180),
    ):
        if not low <= getattr(arguments, name) <= high:
            raise UsageError(f"--{name.replace('_', '-')} {getattr(arguments, name)}: wanted {low} to {high}")
    try:
        from training.rendered.dataset import RenderRequest, render_dataset
        from training.rendered.page import draw_page
        from training.rendered.scene import SceneSettings
    except ModuleNotFoundError as error:
        raise MissingOutsideError(
            f"the package {error.name} is not installed; run pip install 'landmarks[rendered]'"
        ) from error
    scene = SceneSettings(max_roll=arguments.max_roll)
    request = RenderRequest(
        arguments.avatars, arguments.count, arguments.seed, arguments.side, arguments.held_out, scene
    )
    labels = render_dataset(request, arguments.out, arguments.workers)
    if arguments.page is not None:
        draw_page(arguments.out, labels, arguments.page)
    print(f"{labels}: {arguments.count} pictures")

"""`render`: labelled pictures of 3D heads."""

import argparse

from device.contract.errors import MissingOutsideError, UsageError


def render(arguments: argparse.Namespace) -> None:
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

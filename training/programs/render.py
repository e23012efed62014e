"""`render` and `places`: labelled pictures of 3D heads, and where on them the points are."""

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
        ("other_hair", 0, 1),
    ):
        if not low <= getattr(arguments, name) <= high:
            raise UsageError(f"--{name.replace('_', '-')} {getattr(arguments, name)}: wanted {low} to {high}")
    try:
        from training.rendered.dataset import RenderRequest, render_dataset
        from training.rendered.page import draw_page
        from training.rendered.scene import SceneSettings
    except ModuleNotFoundError as error:
        raise MissingOutsideError(
            f"the package {error.name} is not installed; in the checkout: pip install '.[rendered]'"
        ) from error
    scene = SceneSettings(max_roll=arguments.max_roll, other_hair=arguments.other_hair)
    request = RenderRequest(
        arguments.avatars, arguments.count, arguments.seed, arguments.side, arguments.held_out, scene
    )
    labels = render_dataset(request, arguments.out, arguments.workers)
    if arguments.page is not None:
        draw_page(arguments.out, labels, arguments.page)
    print(f"{labels}: {arguments.count} pictures")


def places(arguments: argparse.Namespace) -> None:
    """Write the table of the 68 places.

    Raises:
        BadInputError: no heads in the folder.
        MissingOutsideError: MediaPipe, OpenGL or a package is not there.
    """
    try:
        from training.face_mesh.mesh import FaceMesh
        from training.rendered.dataset import heads_in
        from training.rendered.landmarks import TABLE
        from training.rendered.places.derive import derive_table, write_table
        from training.rendered.places.page import draw_places
    except ModuleNotFoundError as error:
        raise MissingOutsideError(
            f"the package {error.name} is not installed; in the checkout: pip install '.[rendered]'"
        ) from error
    heads = heads_in(arguments.avatars, held_out=False)
    with FaceMesh() as mesh:
        table = derive_table(heads, mesh)
    out = arguments.out or TABLE
    write_table(table, heads, out)
    if arguments.page is not None:
        held_out = heads_in(arguments.avatars, held_out=True)
        draw_places([*heads, *held_out], table.places, arguments.page)
    print(f"{out}: from {table.views} views of {len(heads)} heads")

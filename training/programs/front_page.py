"""`pictures` and `front-page`: what README.md and the site show."""

import argparse

from device.contract.errors import MissingOutsideError


def pictures(arguments: argparse.Namespace) -> None:
    """Render, find, draw and write.

    Raises:
        BadInputError: no heads there, one that is damaged, or a face that is not found.
        MissingOutsideError: the packages of the extra `rendered` are not installed.
        WriteFailedError: the folder cannot be written.
    """
    try:
        from training.report.front_pictures import write_pictures
    except ModuleNotFoundError as error:
        raise MissingOutsideError(
            f"the package {error.name} is not installed; in the checkout: pip install '.[rendered]'"
        ) from error
    for path in write_pictures(arguments.avatars, arguments.out):
        print(f"{path}: {path.stat().st_size:,} bytes")


def front_page(arguments: argparse.Namespace) -> None:  # noqa: ARG001
    """Write README.md's table from what was measured.

    Raises:
        BadInputError: the figures are damaged, or the page lacks its marks.
        WriteFailedError: the page cannot be written.
    """
    from training.report.front_page import PAGE, write_front_page

    write_front_page()
    print(PAGE)

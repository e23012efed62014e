"""`avatar-features`: OpenSeeFace's features of faces with known expressions."""

import argparse

from device.contract.errors import MissingOutsideError, UsageError


def avatar_features(arguments: argparse.Namespace) -> None:
    """Render, follow, print and write.

    Raises:
        UsageError: no head wanted, or no such model.
        BadInputError: no heads there, one that is damaged, or a page without its marks.
        MissingOutsideError: the packages of the extra `rendered` are not installed.
    """
    if arguments.heads < 1:
        raise UsageError(f"--heads {arguments.heads}: wanted at least 1")
    try:
        from training.measure.avatar_features import PAGE, measure, write_page
        from training.rendered.dataset import heads_in
    except ModuleNotFoundError as error:
        raise MissingOutsideError(
            f"the package {error.name} is not installed; in the checkout: pip install '.[rendered]'"
        ) from error
    chosen = heads_in(arguments.avatars, held_out=True)[: arguments.heads]
    measured = measure(chosen, arguments.model)
    print(measured)
    write_page(arguments.page or PAGE, measured)

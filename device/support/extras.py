"""Optional dependencies: packages of an extra, which may not be installed."""

from collections.abc import Iterator
from contextlib import contextmanager

from device.contract.errors import MissingOutsideError


@contextmanager
def needs_extra(what: str, extra: str) -> Iterator[None]:
    """Wrap the import of a package that an extra installs.

    Args:
        what: the feature that needs it, for the message.
        extra: its name in pyproject.toml.

    Raises:
        MissingOutsideError: the package is not installed; the message says how to install it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingOutsideError(
            f"{what} needs {error.name}, which is not installed; in the checkout: pip install '.[{extra}]'"
        ) from error

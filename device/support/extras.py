"""What is installed only when it is asked for."""

from collections.abc import Iterator
from contextlib import contextmanager

from device.contract.errors import MissingOutsideError


@contextmanager
def needs_extra(what: str, extra: str) -> Iterator[None]:
    """Around the import of what an extra of this package brings.

    Args:
        what: that needs it, for the message.
        extra: its name in pyproject.toml.

    Raises:
        MissingOutsideError: a module is not there; says how to have it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingOutsideError(
            f"{what} needs {error.name}, which is not installed; pip install 'landmarks[{extra}]'"
        ) from error

"""Text files of data sets."""

from pathlib import Path

from device.contract.errors import BadInputError


def read_text(path: Path, wanted: str) -> str:
    """The text of a file, without a byte order mark.

    Args:
        path: the file.
        wanted: what it should be, for the message.

    Raises:
        BadInputError: there is no such file, or it is not UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInputError(f"cannot read {path} ({error.strerror}): wanted {wanted}") from error
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path} is not UTF-8 text ({error}): wanted {wanted}") from error

"""List files: which faces or people of a data set are held out, one name a line.

People write these lists by hand, with other systems' tools, or from a directory listing. The same face must
be found however its name is spelt, because a held-out face that is not found would be trained on.
"""

import unicodedata
from collections.abc import Collection, Iterable
from pathlib import Path

from device.contract.errors import BadInputError
from training.data.sets.text import read_text

ENDINGS = (".jpg", ".jpeg", ".png", ".pts")
"""Endings of pictures and labels that an entry may carry."""


def spelling(name: str) -> str:
    """One spelling for a relative path without ending: forward slashes, no `./`, Unicode form NFC."""
    parts = [part for part in name.strip().replace("\\", "/").split("/") if part not in ("", ".")]
    joined = unicodedata.normalize("NFC", "/".join(parts))
    ending = next((ending for ending in ENDINGS if joined.lower().endswith(ending)), "")
    return joined[: len(joined) - len(ending)]


def read_list(path: Path) -> list[str]:
    """Names of a list file in one spelling. Empty lines and lines that begin with # are skipped.

    Raises:
        BadInputError: the file is missing, empty or not text.
    """
    wanted = "a list with one relative path or name a line"
    lines = read_text(path, wanted).splitlines()
    names = [spelling(line) for line in lines if line.strip() and not line.startswith("#")]
    if not names:
        raise BadInputError(f"{path} is empty: wanted {wanted}")
    return names


def check_all_found(path: Path, names: Iterable[str], known: Collection[str]) -> None:
    """Every entry of a list names something that is there.

    Args:
        path: the list file, for the message.
        names: its entries.
        known: what the data set holds, in the spelling of `spelling`.

    Raises:
        BadInputError: an entry names nothing; held-out faces might be trained on.
    """
    missing = [name for name in names if name not in known]
    if missing:
        raise BadInputError(
            f"{path}: {len(missing)} entries name nothing in {path.parent}, the first {missing[0]!r}; "
            "correct the entries or fetch the missing pictures, so that no held-out face is trained on"
        )

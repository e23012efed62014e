"""How a face finder is addressed."""

from device.contract.errors import UsageError
from device.contract.suggestion import unknown_word

FORMS = {
    "trained": "trained: or trained:FILE",
    "centre": "centre:",
    "yunet": "yunet:FILE",
    "ssd": "ssd:FILE",
}
"""Each finder and how it is written."""

DEFAULT_FINDER = "trained:"


def parse_finder(uri: str) -> tuple[str, str]:
    """Scheme and place of a finder's address; nothing is opened.

    Raises:
        UsageError: an unknown finder, or a place missing or too many.
    """
    scheme, _, place = uri.partition(":")
    if scheme not in FORMS:
        raise unknown_word("finder", scheme, list(FORMS))
    if scheme != "trained" and (scheme == "centre") == bool(place):
        raise UsageError(f"finder {uri!r}: write {FORMS[scheme]}")
    return scheme, place

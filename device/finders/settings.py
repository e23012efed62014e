"""How a face finder is addressed."""

FORMS = {
    "trained": "trained: or trained:FILE",
    "centre": "centre:",
    "yunet": "yunet:FILE",
    "ssd": "ssd:FILE",
}
"""Each finder and how it is written."""

DEFAULT_FINDER = "trained:"

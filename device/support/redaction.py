"""Passwords in addresses: recognised, and kept out of every text."""

import re
from urllib.parse import parse_qsl, urlsplit

HIDDEN = "..."

SECRET_KEY = re.compile(r"pass|pwd|pw$|secret|token|auth|key|sess|sid$|cred", re.IGNORECASE)
"""Names of query keys whose value is a secret."""

PLACEHOLDER = re.compile(r"\{(user|password)\}")
"""Stands in an address for what the environment holds."""


def redacted(address: str) -> str:
    """An address as it may be shown: `rtsp://user:secret@host/x?pwd=y` becomes `rtsp://...@host/x?pwd=...`.

    Whatever could be a secret goes, so a little more than needed: a password may itself hold `/`, `?` and
    `@`, so everything before the last `@`; the value of every query key, since cameras name them as they
    like; a path with `=`, which some cameras log in by.
    """
    scheme, _, rest = address.partition(":")
    before, at, after = rest.removeprefix("//").rpartition("@")
    try:
        parts = urlsplit(f"//{after}")
    except ValueError:  # brackets that are no IPv6 address
        return f"{scheme}://{HIDDEN}"
    path = f"/{HIDDEN}" if re.search("[=;]", parts.path) else parts.path
    query = "&".join(f"{key}={HIDDEN}" if equals else HIDDEN for key, equals in _keys(parts.query))
    login = f"{HIDDEN}@" if at or before else ""
    return f"{scheme}://{login}{parts.netloc}{path}{'?' if query else ''}{query}"


def _keys(query: str) -> list[tuple[str, str]]:
    return [word.partition("=")[:2] for word in query.split("&") if word]


def holds_secret(address: str) -> bool:
    """Whether a network address has a password or token in it, other than as a placeholder."""
    scheme, mark, rest = PLACEHOLDER.sub("", address).partition("://")
    login, _, _ = rest.rpartition("@")
    if not mark or ":" in login.rstrip(":"):
        return bool(mark)
    if scheme.startswith("mqtt"):  # its query holds options of ours, none of them a secret
        return False
    path, _, query = rest.partition("?")
    words = parse_qsl(query.replace("?", "&")) + parse_qsl(re.sub("[/_;]", "&", path))
    return any(SECRET_KEY.search(key) for key, _ in words)

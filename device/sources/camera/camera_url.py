"""Address of a network camera: what FFmpeg is given, and what people may see of it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from device.contract.errors import UsageError
from device.support.redaction import redacted

USER_VARIABLE = "LANDMARKS_SOURCE_USER"
PASSWORD_VARIABLE = "LANDMARKS_SOURCE_PASSWORD"  # noqa: S105 - the name, not the secret

FORM = "SCHEME://[USER@]HOST[:PORT]/PATH"

FORM = "wanted SCHEME://[USER@]HOST[:PORT]/PATH"

PORTS = {"rtsp": 554, "http": 80, "https": 443}


@dataclass(frozen=True)
class CameraUrl:
    """An address taken apart; only `shown` may stand in a text."""

    scheme: str
    host: str
    port: int
    target: str = field(repr=False)
    """Path and query."""
    user: str = field(repr=False)
    """Empty where the camera wants none."""
    password: str = field(repr=False)
    shown: str
    """For messages, without secrets."""

    @property
    def bare(self) -> str:
        """Without user and password; a query may still hold secrets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.target}"

    @property
    def url(self) -> str:
        """As FFmpeg reads it: user and password percent-encoded."""
        if not self.user:
            return self.bare
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return self.bare.replace("://", f"://{login}@", 1)


def parse_camera_url(address: str, environment: Mapping[str, str] = os.environ) -> CameraUrl:
    """Take `SCHEME://[USER[:PASSWORD]@]HOST[:PORT]/PATH[?QUERY]` apart.

    User and password come from the address, else from the environment. `{user}` and `{password}` anywhere
    in the address stand for the environment's, for cameras that want them in the query. A password may
    hold any character, percent-encoded or not.

    Raises:
        UsageError: no host, or a port that is none; the message repeats no secret.
    """
    shown, filled = redacted(address), _filled(address, environment)
    try:
        login, rest = _split_login(filled)
        parts = urlsplit(rest)
        host, port = parts.hostname, parts.port or PORTS[parts.scheme]
    except ValueError as error:
        raise UsageError(f"source {shown}: host or port cannot be read, {FORM}") from error
    if not host:
        raise UsageError(f"source {shown}: lacks its host, {FORM}")
    user, colon, password = map(unquote, login.partition(":"))
    if not colon and filled == address:
        user, password = user or environment.get(USER_VARIABLE, ""), environment.get(PASSWORD_VARIABLE, "")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return CameraUrl(parts.scheme, host, port, target, user, password, shown)


def _filled(address: str, environment: Mapping[str, str]) -> str:
    """The address with the environment's user and password in the place of their placeholders.

    Raises:
        UsageError: a variable is not set.
    """
    for placeholder, variable in (("{user}", USER_VARIABLE), ("{password}", PASSWORD_VARIABLE)):
        if placeholder in address and not environment.get(variable):
            raise UsageError(
                f"source {redacted(address)}: {placeholder} stands for {variable}, which is not set"
            )
        address = address.replace(placeholder, quote(environment.get(variable, ""), safe=""))
    return address


def _split_login(url: str) -> tuple[str, str]:
    """User and password, and the address without them.

    Raises:
        ValueError: the address cannot be read.
    """
    scheme, _, rest = url.partition("://")
    parts = urlsplit(url)
    if "@" in parts.netloc:
        login, _, _ = parts.netloc.rpartition("@")
    elif "@" in rest and not _is_place(parts.netloc):
        login, _, _ = rest.rpartition("@")  # a password with a slash or question mark as it is
    else:
        return "", url
    return login, f"{scheme}://{rest[len(login) + 1 :]}"


def _is_place(netloc: str) -> bool:
    """Whether this can be HOST or HOST:PORT."""
    try:
        return bool(urlsplit(f"//{netloc}").port) or ":" not in netloc
    except ValueError:
        return False

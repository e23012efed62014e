"""A web sink's address: `web:[HOST:]PORT?OPTIONS`, and the token that the environment holds."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

from device.contract.errors import RefusedError, UsageError
from device.sinks.uri import Option, SinkUri, switch

LOOPBACK = "127.0.0.1"
"""Where the page is served unless the address names a host."""

TOKEN_VARIABLE = "LANDMARKS_WEB_TOKEN"  # noqa: S105 - the name of a variable, not what it holds
"""Environment variable of the token: command lines can be read by every user of a machine."""

TOKEN_FORM = re.compile(r"[A-Za-z0-9._~-]{16,128}")
"""What can stand in a WebSocket's subprotocol and is too long to guess."""


@dataclass(frozen=True)
class WebAddress:
    """Where the page is served, and to whom."""

    host: str
    """Name or number of this machine's address to listen at."""
    port: int
    """TCP port; 0 takes any that is free."""
    picture: bool = False
    """Whether whoever may see the landmarks may see the picture, too."""
    origins: frozenset[str] = frozenset()
    """Pages of other servers that may open the stream, as a browser's `Origin` spells them."""

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether a host's name or number means the machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_and_port(place: str) -> tuple[str, int]:
    match = re.fullmatch(r"(?:(\[[0-9A-Fa-f:.%]+\]|[^\s:\[\]/?]+):)?([0-9]{1,5})", place)
    if match is None or int(match[2]) > 65535:
        raise UsageError(f"sink web: got {place!r}, wanted [HOST:]PORT, as in web:8080 or web:0.0.0.0:8080")
    return (match[1] or LOOPBACK).strip("[]"), int(match[2])


def _origins() -> Option:
    """An option that lists origins."""

    def read(text: str) -> frozenset[str]:
        origins = frozenset(text.lower().split(","))
        for origin in origins:
            if not re.fullmatch(r"https?://[^/\s]+|null", origin):
                raise ValueError(origin)
        return origins

    return "origins joined by commas, such as http://localhost:5173", read


OPTIONS: dict[str, Option] = {"picture": switch(), "origin": _origins()}
"""What may follow the question mark."""


def parse_web_address(uri: SinkUri) -> WebAddress:
    """What a web sink's address says; nothing is opened.

    Raises:
        UsageError: no port, an unknown option or a value that it cannot have.
    """
    host, port = _host_and_port(uri.place)
    values = uri.read_options(OPTIONS)
    return WebAddress(host, port, values.get("picture", False), values.get("origin", frozenset()))


def find_token(address: WebAddress, environment: Mapping[str, str]) -> str | None:
    """The token that viewers must show; None where none is needed.

    Raises:
        UsageError: it is too short or has characters that a browser cannot send.
        RefusedError: the address can be reached from the network and there is no token.
    """
    token = environment.get(TOKEN_VARIABLE)
    if token:
        if not TOKEN_FORM.fullmatch(token):
            raise UsageError(
                f"{TOKEN_VARIABLE} must be 16 to 128 letters, digits or . _ ~ -; "
                "`openssl rand -hex 16` makes one"
            )
        return token
    if address.loopback:
        return None
    raise RefusedError(
        f"sink web: would show faces to the network at {address.host} with no token; "
        f"set {TOKEN_VARIABLE} (`openssl rand -hex 16` makes one) or serve web:{address.port} to this machine"
    )

"""Addresses such as `web:[HOST:]PORT?OPTIONS`, and the token in the environment."""

import ipaddress
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from device.config.address import Address
from device.config.values import Parsed, shown
from device.contract.errors import RefusedError, UsageError

LOOPBACK = "127.0.0.1"
"""Host to listen at unless the address names one."""

TOKEN_VARIABLE = "LANDMARKS_WEB_TOKEN"  # noqa: S105 - the name of a variable, not what it holds
"""Environment variable of the token; a command line can be read by every user of the machine."""

SERVER_NAME = "landmarks"
"""What the header `Server` says, without a version: by it `doctor` knows a port that a daemon serves."""

TOKEN_FORM = re.compile(r"[A-Za-z0-9._~-]{16,128}")
"""Characters that a WebSocket's subprotocol may have, and too many of them to guess."""


@dataclass(frozen=True)
class WebAddress:
    """Where the page is served, and to whom."""

    host: str
    """Name or number of the address to listen at."""
    port: int
    """TCP port; 0 takes a free one."""
    picture: bool = False
    """Whether whoever may see the landmarks may see the picture, too."""
    origins: frozenset[str] = frozenset()
    """Pages of other servers that may open the stream, as a browser's `Origin` spells them."""


def is_loopback(host: str) -> bool:
    """Whether a host's name or number stands for the machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def family_of(host: str) -> socket.AddressFamily:
    """Of a socket that listens at a host."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def reason_of(error: OSError) -> str:
    """Why nothing can listen, in the system's words, without the address that `create_server` adds."""
    return (error.strerror or str(error)).partition(" (while")[0]


def host_and_port(sink: str, place: str) -> tuple[str, int]:
    """The address to listen at that `[HOST:]PORT` names; without a host it is this machine's own.

    Args:
        sink: the scheme, for the message.
        place: as written.

    Raises:
        UsageError: no port.
    """
    match = re.fullmatch(r"(?:(\[[0-9A-Fa-f:.%]+\]|[^\s:\[\]/?]+):)?([0-9]{1,5})", place)
    if match is None or int(match[2]) > 65535:
        example = f"{sink}:8080 or {sink}:0.0.0.0:8080"
        raise UsageError(f"sink {sink}: got {shown(place)}, wanted [HOST:]PORT, as in {example}")
    return (match[1] or LOOPBACK).strip("[]"), int(match[2])


def _read_origins(text: str) -> frozenset[str]:
    origins = frozenset(text.lower().split(","))
    for origin in origins:
        if not re.fullmatch(r"https?://[^/\s]+|null", origin):
            raise ValueError(origin)
    return origins


@dataclass(frozen=True)
class WebOptions:
    """Options of `web:`."""

    picture: bool = False
    """Whether whoever may see the landmarks may see the picture, too."""
    origin: Annotated[
        frozenset[str], Parsed("origins joined by commas, such as http://localhost:5173", _read_origins)
    ] = frozenset()
    """Pages of other servers that may open the stream, as a browser's `Origin` spells them."""


def parse_web_address(address: Address[WebOptions]) -> WebAddress:
    """The settings in a web sink's address; opens nothing.

    Raises:
        UsageError: no port.
    """
    host, port = host_and_port("web", address.place)
    return WebAddress(host, port, address.options.picture, address.options.origin)


def find_token(
    sink: str, host: str, environment: Mapping[str, str], variable: str = TOKEN_VARIABLE
) -> str | None:
    """The token that viewers must show; None where none is needed.

    Args:
        sink: the scheme, for messages.
        host: where it listens.
        environment: of the process.
        variable: in which the token is looked for.

    Raises:
        UsageError: it is too short or has characters that a browser cannot send.
        RefusedError: the address can be reached from the network and there is no token.
    """
    token = environment.get(variable)
    if token and not TOKEN_FORM.fullmatch(token):
        raise UsageError(
            f"{variable} must be 16 to 128 letters, digits or . _ ~ -; `openssl rand -hex 16` makes one"
        )
    if token or is_loopback(host):
        return token or None
    raise RefusedError(
        f"sink {sink}: would answer the network at {host} with no token; set {variable} "
        f"(`openssl rand -hex 16` makes one) or leave the host out to serve this machine only"
    )

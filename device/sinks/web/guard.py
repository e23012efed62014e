"""Who may look: the token, the page that asks, and the name under which it asks."""

import hmac
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from websockets.datastructures import Headers

from device.sinks.web.address import WebAddress, is_loopback

TOKEN_SUBPROTOCOL = "token."  # noqa: S105 - what precedes a token
"""A browser cannot add headers to a WebSocket, but it can offer subprotocols; an address would be logged."""


@dataclass(frozen=True)
class Refusal:
    """Why somebody may not look."""

    status: HTTPStatus
    """Of the answer."""
    reason: str
    """One line for people."""


def _host_of(authority: str) -> str:
    """The name in `HOST:PORT`; empty for what is none."""
    try:
        return (urlsplit(f"//{authority}").hostname or "").lower()
    except ValueError:
        return ""


def _one(headers: Headers, name: str) -> str:
    """A header's value; the empty string for none, and for several, which an honest client never sends."""
    values = headers.get_all(name)
    return values[0].strip() if len(values) == 1 else ""


class Guard:
    """Checks each request before anything is read or shown."""

    def __init__(self, address: WebAddress, token: str | None) -> None:
        """Remember the rules.

        Args:
            address: where we listen and which other pages are welcome.
            token: what viewers must show; None lets everybody on this machine look.
        """
        self._address, self._token = address, token

    def check_host(self, headers: Headers) -> Refusal | None:
        """Refuse names that are not ours.

        Without a token the only fence is the loopback address, and a page anywhere can point its own
        name at it (DNS rebinding): then `Host` says that name.
        """
        host = _host_of(_one(headers, "Host"))
        if self._token is None and not is_loopback(host):
            return Refusal(HTTPStatus.FORBIDDEN, "without a token this is served as localhost only")
        return None

    def check_viewer(self, headers: Headers) -> Refusal | None:
        """Refuse pages of other servers, and whoever lacks the token; None: welcome."""
        origin = _one(headers, "Origin").lower()
        if (origin or headers.get_all("Origin")) and not self._welcome(origin, _one(headers, "Host")):
            return Refusal(HTTPStatus.FORBIDDEN, "this page's origin is not welcome; add it as ?origin=")
        if self._token is not None and not self._shown(headers, self._token):
            return Refusal(HTTPStatus.UNAUTHORIZED, "the token is missing or wrong")
        return None

    def _welcome(self, origin: str, host: str) -> bool:
        return origin in self._address.origins or urlsplit(origin).netloc == host.lower() != ""

    @staticmethod
    def _shown(headers: Headers, token: str) -> bool:
        """Whether the token is among what was offered, compared in constant time."""
        offered = [
            word.strip().removeprefix(TOKEN_SUBPROTOCOL)
            for words in headers.get_all("Sec-WebSocket-Protocol")
            for word in words.split(",")
            if word.strip().startswith(TOKEN_SUBPROTOCOL)
        ]
        bearer = _one(headers, "Authorization")
        if bearer[:7].lower() == "bearer ":
            offered.append(bearer[7:].strip())
        matches = [hmac.compare_digest(each.encode(), token.encode()) for each in offered]
        return any(matches)

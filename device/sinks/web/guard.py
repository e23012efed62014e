"""Who may connect: checks the token, the origin of the page, and the host name that was asked for."""

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from websockets.datastructures import Headers

from device.sinks.web.address import is_loopback

TOKEN_SUBPROTOCOL = "token."  # noqa: S105 - what precedes a token
"""A browser cannot add headers to a WebSocket, but it can offer subprotocols; an address would be logged."""


FREE_ATTEMPTS = 10
"""Wrong tokens from one address before its attempts are slowed."""

SLOW_SECONDS = 2.0
"""Between two attempts from an address that has shown too many wrong tokens; a right one waits, too."""

FORGET_SECONDS = 900.0
"""An address that has been quiet for this long starts again."""

MAX_ADDRESSES = 1024
"""Addresses that are remembered; then the one that has been quiet for longest is forgotten."""


@dataclass(frozen=True)
class Refusal:
    """Why a request is refused."""

    status: HTTPStatus
    """Of the response."""
    reason: str
    """One line for people."""


class WrongTokens:
    """Counts wrong tokens by address, so that guessing takes for ever."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, tuple[int, float]] = OrderedDict()
        """Wrong tokens and the last attempt of each address, the quietest first."""

    def must_wait(self, address: str) -> bool:
        """Whether an address comes too soon after its last attempt."""
        count, last = self._seen.get(address, (0, -FORGET_SECONDS))
        return count >= FREE_ATTEMPTS and self._clock() - last < SLOW_SECONDS

    def note(self, address: str) -> None:
        """Count one wrong token."""
        now = self._clock()
        count, last = self._seen.pop(address, (0, now))
        self._seen[address] = (1 if now - last > FORGET_SECONDS else count + 1, now)
        if len(self._seen) > MAX_ADDRESSES:
            self._seen.popitem(last=False)


def _host_of(authority: str) -> str:
    """The name in `HOST:PORT`; empty where there is none."""
    try:
        return (urlsplit(f"//{authority}").hostname or "").lower()
    except ValueError:
        return ""


def _one(headers: Headers, name: str) -> str:
    """A header's value; empty for none, and for several, which an honest client never sends."""
    values = headers.get_all(name)
    return values[0].strip() if len(values) == 1 else ""


class Guard:
    """Checks each request before anything is read or shown."""

    def __init__(
        self, origins: frozenset[str], token: str | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Set the rules.

        Args:
            origins: pages of other servers that are allowed.
            token: what viewers must show; None allows everybody on this machine.
            clock: monotonic seconds.
        """
        self._origins, self._token = origins, token
        self._wrong = WrongTokens(clock)

    def check_host(self, headers: Headers) -> Refusal | None:
        """Refuse host names that are not this machine's.

        Without a token the only protection is the loopback address, and any page can point its own name
        at that (DNS rebinding); `Host` then has that name.
        """
        host = _host_of(_one(headers, "Host"))
        if self._token is None and not is_loopback(host):
            return Refusal(HTTPStatus.FORBIDDEN, "without a token this is served as localhost only")
        return None

    def check_viewer(self, headers: Headers, address: str) -> Refusal | None:
        """Refuse pages of other servers, and whoever lacks the token; None when the request is allowed.

        Args:
            headers: of the request.
            address: from which it comes.
        """
        origin = _one(headers, "Origin").lower()
        if (origin or headers.get_all("Origin")) and not self._is_allowed(origin, _one(headers, "Host")):
            return Refusal(HTTPStatus.FORBIDDEN, "this page's origin is not allowed; add it as ?origin=")
        return None if self._token is None else self._check_token(headers, self._token, address)

    def _check_token(self, headers: Headers, token: str, address: str) -> Refusal | None:
        offered = _offered_tokens(headers)
        if offered and self._wrong.must_wait(address):
            reason = f"too many wrong tokens; try again after {SLOW_SECONDS:g} s"
            return Refusal(HTTPStatus.TOO_MANY_REQUESTS, reason)
        matches = [hmac.compare_digest(each.encode(), token.encode()) for each in offered]
        if any(matches):
            return None
        if offered:
            self._wrong.note(address)
        return Refusal(HTTPStatus.UNAUTHORIZED, "the token is missing or wrong")

    def _is_allowed(self, origin: str, host: str) -> bool:
        return origin in self._origins or urlsplit(origin).netloc == host.lower() != ""


def _offered_tokens(headers: Headers) -> list[str]:
    """What a request shows as tokens: its bearer, and the first subprotocol that begins with `token.`."""
    offered = [
        word.strip().removeprefix(TOKEN_SUBPROTOCOL)
        for words in headers.get_all("Sec-WebSocket-Protocol")
        for word in words.split(",")
        if word.strip().startswith(TOKEN_SUBPROTOCOL)
    ][:1]
    bearer = _one(headers, "Authorization")
    if bearer[:7].lower() == "bearer ":
        offered.append(bearer[7:].strip())
    return offered

"""Datagrams to one receiver, sent at once or not at all."""

import socket
from typing import Any

from device.config.address import Address, NoOptions
from device.contract.errors import MissingOutsideError, UsageError
from device.support.condition import Condition, State


class Datagrams:
    """A socket that never waits. UDP does not say whether anybody listens."""

    def __init__(self, host: str, port: int) -> None:
        """Resolve the receiver's name.

        Raises:
            MissingOutsideError: no such host.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            raise MissingOutsideError(f"no receiver {host}: {error}; give a name or address") from error
        family, *_, address = found[0]
        self._address: tuple[Any, ...] = address
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self.condition = Condition()
        """Lost while nothing can be sent."""

    def send(self, data: bytes) -> None:
        """Send one datagram; one that does not fit now would be old later, and is dropped."""
        try:
            self._socket.sendto(data, self._address)
        except BlockingIOError:
            return
        except OSError as error:
            reason = f"cannot send to {self._address[0]}: {error.strerror}; trying again"
            self.condition = Condition(State.LOST, reason)
        else:
            self.condition = Condition()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def open_datagrams(address: Address[NoOptions], default_port: int) -> Datagrams:
    """The receiver HOST or HOST:PORT of an address.

    Raises:
        UsageError: no host, or a wrong port.
        MissingOutsideError: no such host.
    """
    host, colon, port_text = address.place.rpartition(":")
    if not colon:
        host, port_text = address.place, str(default_port)
    port = int(port_text) if port_text.isascii() and port_text.isdecimal() and len(port_text) < 6 else 0
    if not host or not 1 <= port <= 65535:
        raise UsageError(f"sink {address.scheme}: got {address.place!r}, write {address.scheme}:HOST[:PORT]")
    return Datagrams(host.strip("[]"), port)

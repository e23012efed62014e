"""Datagrams to one receiver, sent at once or not at all, and what every sink of them shares."""

import socket
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from device.config.address import Address
from device.contract.errors import MissingOutsideError, UsageError
from device.contract.landmarks import ibug_68
from device.messages.messages import FaceLost, FaceMessage, FrameMessage, Message, Status
from device.sinks.outage import is_outage
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
            why = getattr(error, "strerror", None) or error
            raise MissingOutsideError(
                f"no receiver {host}: {why}; check the name, or give its IP address"
            ) from error
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


def open_datagrams(address: Address[Any], default_port: int) -> Datagrams:
    """A socket to the receiver of an address.

    Raises:
        UsageError: no host, or a wrong port.
        MissingOutsideError: no such host.
    """
    return Datagrams(*receiver_of(address, default_port))


def check_receiver(address: Address[Any]) -> None:
    """Whether an address names a receiver; the host is not looked up.

    Raises:
        UsageError: no host, or a wrong port.
    """
    receiver_of(address, default_port=1)


def receiver_of(address: Address[Any], default_port: int) -> tuple[str, int]:
    """The HOST or HOST:PORT of an address.

    Raises:
        UsageError: no host, or a wrong port.
    """
    host, colon, port_text = address.place.rpartition(":")
    if not colon:
        host, port_text = address.place, str(default_port)
    port = int(port_text) if port_text.isascii() and port_text.isdecimal() and len(port_text) < 6 else 0
    if not host or not 1 <= port <= 65535:
        raise UsageError(f"sink {address.scheme}: got {address.place!r}, write {address.scheme}:HOST[:PORT]")
    return host.strip("[]"), port


class AvatarSink(ABC):
    """Sends each frame's faces as one datagram, in the form of an avatar protocol.

    In an outage, while no frames come, every other message is an occasion to tell the receiver that there
    is no face: none of these protocols expects that it must notice silence by itself.
    """

    needed_scheme = ibug_68.name
    wants_frame_lines = False

    def __init__(self, datagrams: Datagrams) -> None:
        self._datagrams = datagrams
        self._outage = False

    @abstractmethod
    def frame_datagram(self, frame: FrameMessage, faces: Sequence[FaceMessage]) -> bytes | None:
        """What is sent of a frame whose usable faces these are; None sends nothing."""

    @abstractmethod
    def outage_datagram(self) -> bytes | None:
        """What tells the receiver that nothing is seen any more; None sends nothing."""

    def forget(self, number: int) -> None:  # noqa: B027 - most keep nothing of a face
        """The face of this id is given up, so that what was kept of it can go."""

    @property
    def condition(self) -> Condition:
        """Whether datagrams can be sent."""
        return self._datagrams.condition

    def publish(self, message: Message, line: bytes) -> None:  # noqa: ARG002 - other sinks read it
        """Send a frame's faces; in an outage, at every other message, that they are gone."""
        if isinstance(message, FrameMessage):
            self._outage = False
            faces = [face for face in message.faces_of(self.needed_scheme) if face.finite]
            self._send(self.frame_datagram(message, faces))
            return
        if isinstance(message, FaceLost):
            self.forget(message.id)
        elif isinstance(message, Status):
            self._outage = is_outage(message)
        if self._outage:
            self._send(self.outage_datagram())

    def _send(self, data: bytes | None) -> None:
        if data is not None:
            self._datagrams.send(data)

    def close(self) -> None:
        """Close the socket."""
        self._datagrams.close()


def followed_longest(faces: Sequence[FaceMessage]) -> FaceMessage | None:
    """The face for receivers that show one. Ids rise, so the lowest has been there longest."""
    return min(faces, key=lambda face: face.id, default=None)

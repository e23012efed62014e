"""Notifications to systemd: ready, alive, reloading, stopping (sd_notify(3)).

Datagrams to the socket that `Type=notify` names; without systemd nothing is sent.
"""

import os
import socket
import time
from collections.abc import Mapping


class Notifier:
    """Notifies the service manager, if there is one."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Read NOTIFY_SOCKET and WATCHDOG_USEC."""
        path = environment.get("NOTIFY_SOCKET", "")
        # A leading @ stands for Linux's abstract names, which begin with a zero byte.
        self._address = "\0" + path[1:] if path.startswith("@") else path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if path else None
        usec = environment.get("WATCHDOG_USEC", "")
        # Four times as often as needed: a frame may take long now and then.
        self._feed_seconds = int(usec) / 4e6 if usec.isdigit() else None
        self._fed = -float("inf")

    def _send(self, *assignments: str) -> None:
        """Send assignments such as `READY=1`; a manager that does not listen is ignored."""
        if self._socket is None:
            return
        try:
            self._socket.sendto("\n".join(assignments).encode(), socket.MSG_DONTWAIT, self._address)
        except OSError:
            return

    def ready(self) -> None:
        """The service has started, or has finished reloading."""
        self._send("READY=1")

    def reloading(self) -> None:
        """The settings are being read again; `ready` ends it."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The service is ending."""
        self._send("STOPPING=1")

    def status(self, sentence: str) -> None:
        """Set the line that `systemctl status` shows."""
        self._send(f"STATUS={sentence}")

    def feed(self) -> None:
        """Keep the watchdog quiet; costs a comparison unless a notification is due."""
        if self._feed_seconds is not None and time.monotonic() - self._fed >= self._feed_seconds:
            self._fed = time.monotonic()
            self._send("WATCHDOG=1")

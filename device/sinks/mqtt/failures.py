"""Why a broker cannot be reached or refuses us, as sentences that say what to do."""

import socket
import ssl
from dataclasses import dataclass, replace

from paho.mqtt.reasoncodes import ReasonCode

# OpenSSL's X509_V_ERR_...
NOT_YET_VALID = 9
HAS_EXPIRED = 10
HOSTNAME_MISMATCH = 62
IP_ADDRESS_MISMATCH = 64

REFUSALS = {
    "Bad user name or password": "check user and password",
    "Not authorized": "check user and password",
    "Client identifier not valid": "give the device another name",
    "Banned": "ask whoever runs the broker",
    "Bad authentication method": "check user and password",
    "Unsupported protocol version": "write ?version=3.1.1, or 5",
}
"""Refusals that trying again does not change, in the protocol's own words, and what to do."""


@dataclass(frozen=True)
class Failure:
    """Why there is no connection."""

    seen: str
    """What happened; follows `broker HOST:PORT: `."""
    remedy: str = ""
    """What to do; may be empty."""
    final: bool = False
    """Whether trying again is no use; at the start it ends the daemon."""
    by_another_client: bool = False
    """Whether another client has taken our place; coming back would throw that one out again."""

    @property
    def reason(self) -> str:
        """Both in one sentence."""
        return f"{self.seen}; {self.remedy}" if self.remedy else self.seen


NOT_CONNECTED = Failure("not connected yet")
LOST = Failure("connection lost")
SILENT = Failure("accepts the connection but does not answer", "check that a broker listens there and runs")


def failure_to_connect(error: OSError) -> Failure:
    """Why no connection came about."""
    match error:
        case ssl.SSLCertVerificationError():
            return _certificate_failure(error)
        case ssl.SSLError():
            return Failure(f"no encrypted connection ({error.reason})", "give the broker's port for TLS")
        case socket.gaierror():
            return Failure("its name is not known", "check the name, or give its IP address")
        case ConnectionRefusedError():
            return Failure(
                "connection refused: no broker listens there", "check host and port, or start the broker"
            )
        case TimeoutError():
            return Failure("does not answer", "check the host, the network and the firewall")
    return Failure(
        f"cannot be reached ({error.strerror or error or type(error).__name__})", "check the network"
    )


def _certificate_failure(error: ssl.SSLCertVerificationError) -> Failure:
    code = error.verify_code
    if code == NOT_YET_VALID:
        # Not final: a board without a battery starts in the past, until it hears the time.
        return Failure("its certificate is not valid yet", "set this device's clock")
    if code == HAS_EXPIRED:
        return Failure("its certificate has expired", "renew it, or set this device's clock", final=True)
    if code in (HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH):
        remedy = "write the host as the certificate names it"
        return Failure("its certificate is for another name", remedy, final=True)
    seen = f"its certificate is not trusted ({error.verify_message})"
    return Failure(seen, "give its authority with ?ca=FILE", final=True)


def refusal(code: ReasonCode) -> Failure:
    """The broker's answer in place of a welcome."""
    remedy = REFUSALS.get(str(code), "")
    return Failure(f"refuses us: {code}", remedy, final=bool(remedy))


def closed_at_once(version: str) -> Failure:
    """The broker has closed the connection before it said anything."""
    hint = "if it knows only MQTT 3.1.1, write ?version=3.1.1; " if version == "5" else ""
    return Failure("closes the connection at once", f"{hint}if it wants encryption, write mqtts:")


def taken_over(client_id: str) -> Failure:
    """Another client has connected under our id, so that the broker has disconnected us."""
    remedy = "give each device a name of its own, mqtt://HOST/NAME"
    return Failure(f"another client uses the id {client_id}", remedy, by_another_client=True)


def perhaps_taken_over(client_id: str) -> Failure:
    """The broker disconnects us without a word, again and again, soon after each welcome."""
    certain = taken_over(client_id)
    return replace(certain, seen=f"ends each connection at once: perhaps {certain.seen}")

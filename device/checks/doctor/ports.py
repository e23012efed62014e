"""Ports that the settings would serve at: free, taken by a daemon of ours, or by something else."""

import http.client
import socket

from device.checks.doctor.finding import Finding, absent, fault, ok
from device.checks.doctor.host import Host
from device.contract.errors import LandmarksError
from device.sinks import SINKS
from device.sinks.web.address import SERVER_NAME, family_of, host_and_port, reason_of

SERVING = ("web", "metrics")
"""Sinks that listen."""

ANSWER_SECONDS = 2.0
"""For a program of this machine that has taken a connection."""

ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound to them
"""Where a server that listens at every address can be asked."""


def ports(host: Host) -> Finding:
    """Every port that a sink would listen at is free, or a daemon serves it already."""
    served = [uri for uri in host.settings.sinks if uri.partition(":")[0] in SERVING]
    if not served:
        return absent("nothing is served by the settings")
    seen = []
    for uri in served:
        try:
            address = SINKS.parse(uri)
            where, port = host_and_port(address.scheme, address.place)
        except LandmarksError as error:
            return fault(str(error), "landmarks run --help lists every sink")
        problem = _problem(address.scheme, where, port)
        if problem is None:
            seen.append(f"{where}:{port} is free")
        elif is_ours(where, port):
            seen.append(f"a daemon serves {where}:{port} already")
        else:
            return fault(problem, f"`ss -ltnp sport = :{port}` names what listens there")
    return ok(", ".join(seen))


def _problem(sink: str, where: str, port: int) -> str | None:
    """Why the sink could not listen; the port is free again afterwards."""
    try:
        socket.create_server((where, port), family=family_of(where)).close()
    except OSError as error:
        return f"{sink}: cannot listen at {where}:{port}: {reason_of(error)}"
    return None


def is_ours(where: str, port: int) -> bool:
    """Whether what listens there calls itself a server of this package; it needs no token to do so."""
    connection = http.client.HTTPConnection(ANY.get(where, where), port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/")
        return connection.getresponse().getheader("Server") == SERVER_NAME
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

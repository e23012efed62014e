"""The address of figures for Prometheus; `device.sinks.prometheus` serves them."""

from device.config.address import Address, NoOptions, Scheme
from device.contract.errors import UsageError
from device.sinks import Sink
from device.support.extras import needs_extra

LOOPBACK = "127.0.0.1"
"""Where it listens unless the address names a host: for this machine only."""


def open_metrics(address: Address[NoOptions]) -> Sink:
    """Listen at `[HOST:]PORT`.

    Raises:
        UsageError: no port.
        MissingOutsideError: the port is taken, the address is not this machine's, or prometheus-client is
            not installed.
    """
    with needs_extra("sink metrics:", "metrics"):
        from device.sinks.prometheus import MetricsSink

    host, _, port = address.place.rpartition(":")
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
        raise UsageError(f"sink metrics: got {address.place!r}, wanted [HOST:]PORT, as in metrics:9464")
    return MetricsSink(host.strip("[]") or LOOPBACK, int(port))


SCHEME = Scheme(
    "metrics:[HOST:]PORT", "figures for Prometheus at http://HOST:PORT/metrics", NoOptions, open_metrics
)

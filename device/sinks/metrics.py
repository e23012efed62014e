"""The address of figures for Prometheus; `device.sinks.prometheus` serves them."""

import os

from device.config.address import Address, NoOptions, Scheme
from device.sinks import Sink
from device.sinks.web.address import find_token, host_and_port
from device.support.extras import needs_extra

TOKEN_VARIABLE = "LANDMARKS_METRICS_TOKEN"  # noqa: S105 - the name of a variable, not what it holds
"""Environment variable of the token; another than the page's, because Prometheus must not see pictures."""


def open_metrics(address: Address[NoOptions]) -> Sink:
    """Serve figures at `[HOST:]PORT`.

    Raises:
        UsageError: no port, or a token that cannot be used.
        RefusedError: open to the network without a token.
        MissingOutsideError: the port is taken, the address is not this machine's, or prometheus-client is
            not installed.
    """
    with needs_extra("sink metrics:", "metrics"):
        from device.sinks.prometheus import MetricsSink

    host, port = _place(address)
    return MetricsSink(host, port, find_token("metrics", host, os.environ, TOKEN_VARIABLE))


def _place(address: Address[NoOptions]) -> tuple[str, int]:
    return host_and_port("metrics", address.place)


SCHEME = Scheme(
    "metrics:[HOST:]PORT",
    "figures for Prometheus at http://HOST:PORT/metrics",
    NoOptions,
    open_metrics,
    check=_place,
)

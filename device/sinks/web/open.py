"""The sink `web:`."""

from device.config.address import Address, Scheme
from device.sinks import Sink
from device.sinks.web.address import WebOptions, parse_web_address
from device.support.extras import needs_extra


def open_web(address: Address[WebOptions]) -> Sink:
    """Serve the page and the stream.

    Raises:
        UsageError: an address or token that cannot be understood.
        RefusedError: open to the network without a token.
        MissingOutsideError: the port is taken, or the web server is not installed.
    """
    with needs_extra("sink web:", "web"):
        from device.sinks.web.sink import open_web_sink
    return open_web_sink(parse_web_address(address))


SCHEME = Scheme(
    "web:[HOST:]PORT",
    "the page at / and the stream as a WebSocket at /stream",
    WebOptions,
    open_web,
    check=parse_web_address,
)

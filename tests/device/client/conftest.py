"""The web sink that the client's tests look at."""

from tests.device.sinks.web.conftest import serve

__all__ = ["serve"]

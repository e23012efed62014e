"""The web sink that the client's tests look at."""

from tests.device.web.conftest import serve

__all__ = ["serve"]

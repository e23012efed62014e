"""Client of the stream for Python programs: frames, health and events, typed and checked.

    from device.client import connect

    with connect("ws://localhost:8080/stream") as client:
        for frame in client.frames():
            print(frame.sequence, len(frame.faces), client.age_ms(frame))

Addresses: `ws://HOST:PORT/stream` of a daemon's web sink, `mqtt://HOST/DEVICE` of a broker, or
`replay:FILE`, a recording. `python -m device.client ADDRESS` prints the messages.
"""

from device.client.client import Connection, ConnectionState, LandmarkClient, connect
from device.contract.facemesh import FACEMESH_OF_IBUG_68, from_facemesh

__all__ = [
    "FACEMESH_OF_IBUG_68",
    "Connection",
    "ConnectionState",
    "LandmarkClient",
    "connect",
    "from_facemesh",
]

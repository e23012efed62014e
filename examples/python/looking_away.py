"""Say when somebody stops looking at the camera: `python examples/python/looking_away.py [ADDRESS]`."""

import sys

from device.client import connect
from device.contract.errors import run_program

AWAY_DEGREES = 25.0
"""Beyond this a head looks elsewhere."""


def main() -> int:
    """Print a line whenever a face turns away or back."""
    address = sys.argv[1] if len(sys.argv) > 1 else "ws://localhost:8080/stream"
    away: dict[int, bool] = {}
    with connect(address) as client:
        for frame in client.frames():
            for face in frame.faces:
                if face.pose is None:
                    continue
                now = max(abs(face.pose.yaw), abs(face.pose.pitch)) > AWAY_DEGREES
                if away.get(face.id) != now:
                    away[face.id] = now
                    print(f"face {face.id} looks {'away' if now else 'here'}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(run_program(main))

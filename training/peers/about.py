"""What a table must say of its own making: when, on what machine, with what versions."""

import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from device import __version__
from device.support.processor import read_processor
from training.peers.line_up import LineUp

LIBRARIES = ("ai-edge-litert", "onnxruntime", "opencv-python-headless", "numpy")


def about(peers: LineUp, **further: Any) -> dict[str, Any]:
    """Date, machine and versions, and whatever else was the case."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": str(read_processor()),
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "landmarks": __version__,
        "libraries": {name: version(name) for name in LIBRARIES},
        "peers": peers.versions,
        "missing": list(peers.missing),
        **further,
    }

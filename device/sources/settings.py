"""Settings of cameras. Imported by `device.settings`, which loads neither numpy nor OpenCV."""

from dataclasses import dataclass
from typing import Annotated

from device.config.values import Within


@dataclass(frozen=True)
class CameraSettings:
    """How long a camera is waited for."""

    wait: bool = False
    """Whether a camera that is missing at the start is waited for; otherwise the daemon ends (code 5)."""
    patience_seconds: Annotated[float, Within(0.2, 60)] = 2.0
    """Silence after which a camera counts as hung and is opened again."""

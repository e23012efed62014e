"""How each part of the device does, and whether that is news."""

from device.messages.messages import Status
from device.support.condition import OK, Condition, State


class Parts:
    """The conditions of camera, inference, broker and model, and those that were last told."""

    def __init__(self) -> None:
        """All well, nothing told yet."""
        self.camera = self.inference = self.broker = self.model = OK
        self._told: tuple[Condition, ...] | None = None

    def set_camera(self, condition: Condition) -> None:
        """Take note of the camera; further failures of one outage are no news, the first reason stays."""
        if condition.state != self.camera.state:
            self.camera = condition

    @property
    def changed(self) -> bool:
        """Whether anything differs from what was last told."""
        return self._told != (self.camera, self.inference, self.broker, self.model)

    @property
    def ill(self) -> bool:
        """Whether any part is not well."""
        return any(
            each.state is not State.OK for each in (self.camera, self.inference, self.broker, self.model)
        )

    @property
    def told(self) -> bool:
        """Whether anything has been told yet."""
        return self._told is not None

    def tell(self, source: str, published_ns: int) -> Status:
        """The status message; from now on this is what was told."""
        self._told = (self.camera, self.inference, self.broker, self.model)
        return Status(source, published_ns, *self._told)

    def __str__(self) -> str:
        """One line for people."""
        parts = {
            "camera": self.camera,
            "inference": self.inference,
            "broker": self.broker,
            "model": self.model,
        }
        ill = [
            f"{name} {each.state} ({each.reason})"
            for name, each in parts.items()
            if each.state is not State.OK
        ]
        return "; ".join(ill) or "all parts ok"

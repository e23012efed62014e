"""The conditions of the device's parts, and whether they have changed since they were last reported."""

from device.messages.messages import Status
from device.support.condition import OK, Condition, State

_NAMES = "camera", "inference", "broker", "model"

_ALL_OK = (OK,) * len(_NAMES)


class PartStatus:
    """The conditions of camera, inference, broker and model."""

    def __init__(self) -> None:
        self.camera = self.inference = self.broker = self.model = OK
        self._reported: tuple[Condition, ...] | None = None

    @property
    def _all(self) -> tuple[Condition, ...]:
        """In the order of the message."""
        return self.camera, self.inference, self.broker, self.model

    def set_camera(self, condition: Condition) -> None:
        """Note the camera's condition; of several failures in one outage the first reason stays."""
        if condition.state != self.camera.state:
            self.camera = condition

    def is_due(self, live: bool) -> bool:
        """Whether a report is due; the first one of a file waits until something is wrong."""
        if self._reported is None and live:
            return True
        return self._all != (self._reported or _ALL_OK)

    def report(self, source: str, published_ns: int) -> Status:
        """The status message; from now on this counts as reported."""
        self._reported = self._all
        return Status(source, published_ns, *self._reported)

    def __str__(self) -> str:
        """One line for people."""
        wrong = [
            f"{name} {each.state} ({each.reason})"
            for name, each in zip(_NAMES, self._all, strict=True)
            if each.state is not State.OK
        ]
        return "; ".join(wrong) or "all parts ok"

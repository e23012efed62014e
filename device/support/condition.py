"""How one part of the device is doing: working, working worse than it should, or not at all."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from msgspec import Struct

from device.support.described import described


class State(StrEnum):
    """How one part of the device does."""

    OK = "ok"
    DEGRADED = "degraded"
    """Works, but worse than it should: the reason says how."""
    LOST = "lost"
    """Does not work; the device keeps trying."""


class Condition(Struct, frozen=True):
    """State of one part of the device, and the reason."""

    state: Annotated[
        State,
        described("`ok`; `degraded`: works, but worse than it should; `lost`: does not, and is tried again"),
    ] = State.OK
    reason: Annotated[str, described("One line for people; may be empty while `ok`")] = ""


_SEVERITY = {State.OK: 0, State.DEGRADED: 1, State.LOST: 2}

OK = Condition()
"""Nothing to report."""


def worst(conditions: Iterable[Condition]) -> Condition:
    """The worst of several conditions, with the reasons of all that share its state."""
    conditions = [condition for condition in conditions if condition.state is not State.OK]
    if not conditions:
        return OK
    state = max((condition.state for condition in conditions), key=_SEVERITY.__getitem__)
    reasons = (condition.reason for condition in conditions if condition.state is state)
    return Condition(state, "; ".join(reasons))

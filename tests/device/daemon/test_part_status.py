"""When the conditions of the device's parts are reported."""

from device.daemon.part_status import PartStatus
from device.support.condition import OK, Condition, State, worst

LOST = Condition(State.LOST, "gone")
SLOW = Condition(State.DEGRADED, "slow")


def test_the_worst_of_several_conditions_counts_with_every_reason_for_it() -> None:
    assert worst([]) == worst([OK, Condition(State.OK, "fine")]) == OK
    assert worst([OK, SLOW, LOST, Condition(State.LOST, "refused")]) == Condition(State.LOST, "gone; refused")
    assert worst([OK, SLOW]) == SLOW


def test_a_report_is_due_after_a_change_but_not_for_further_failures_of_a_camera() -> None:
    parts = PartStatus()
    assert parts.is_due(live=True)
    assert parts.report("cam0", 7).camera == OK
    assert not parts.is_due(live=True)
    parts.set_camera(LOST)
    assert parts.is_due(live=True)
    assert parts.report("cam0", 8).camera == LOST
    parts.set_camera(Condition(State.LOST, "opening it again in 0.2 s"))
    assert not parts.is_due(live=True)
    parts.inference = SLOW
    assert parts.is_due(live=True)
    assert str(parts) == "camera lost (gone); inference degraded (slow)"


def test_of_a_file_nothing_is_reported_until_something_is_wrong() -> None:
    parts = PartStatus()
    assert not parts.is_due(live=False)
    parts.broker = LOST
    assert parts.is_due(live=False)
    parts.report("video", 7)
    parts.broker = OK
    assert parts.is_due(live=False)

"""What is news about the parts of the device."""

from device.daemon.parts import Parts
from device.support.condition import OK, Condition, State, worst

LOST = Condition(State.LOST, "gone")
SLOW = Condition(State.DEGRADED, "slow")


def test_the_worst_of_several_ways_out_counts_with_every_reason_for_it() -> None:
    assert worst([]) == worst([OK, Condition(State.OK, "fine")]) == OK
    assert worst([OK, SLOW, LOST, Condition(State.LOST, "refused")]) == Condition(State.LOST, "gone; refused")
    assert worst([OK, SLOW]) == SLOW


def test_only_a_change_is_news_and_further_failures_of_a_camera_are_none() -> None:
    parts = Parts()
    assert parts.changed
    assert parts.tell("cam0", 7).camera == OK
    assert not parts.changed
    parts.set_camera(LOST)
    assert parts.changed
    assert parts.tell("cam0", 8).camera == LOST
    parts.set_camera(Condition(State.LOST, "opening it again in 0.2 s"))
    assert not parts.changed
    parts.inference = SLOW
    assert parts.changed
    assert str(parts) == "camera lost (gone); inference degraded (slow)"

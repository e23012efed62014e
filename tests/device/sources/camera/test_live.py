"""Live reading: the newest frame wins, nothing queues, and neither a hang nor closing stops the loop."""

import time
from itertools import islice
from threading import Event

import pytest

from device.contract.errors import MissingOutsideError
from device.sources.camera.live import MAX_LEFT_BEHIND, LiveSource, Patience
from device.sources.camera.protocol import CameraError
from device.sources.frame import Frame, Pause, Unreadable
from tests.device.sources.camera.cameras import PICTURE, FakeBus, FakeCamera, pictures

IMPATIENT = Patience(frame_seconds=0.25, open_seconds=0.5)


def without_pauses(items):
    """Frames and errors, without pauses."""
    return (item for item in items if not isinstance(item, Pause))


def live(*cameras, patience=IMPATIENT, **arguments):
    return LiveSource("cam7", FakeBus(*cameras).open, patience=patience, **arguments)


def test_a_slow_reader_gets_the_newest_frame_and_the_rest_are_counted_as_skipped() -> None:
    go_on, gave_all = Event(), Event()
    source = live(FakeCamera(PICTURE, go_on, *pictures(99), gave_all.set))
    items = without_pauses(source)
    first = next(items)
    go_on.set()
    assert gave_all.wait(5)
    last = list(items)
    assert first.sequence == 0
    assert [item.sequence for item in last] == [99]
    # Every frame was either handed out or is counted.
    assert source.skipped == 98


def test_a_moment_without_a_frame_is_a_pause() -> None:
    with live(FakeCamera(PICTURE, Event()), patience=Patience(5)) as source:
        frame, pause = islice(source, 2)
    assert isinstance(frame, Frame)
    assert isinstance(pause, Pause)


def test_a_camera_that_hangs_is_left_behind_and_another_one_opened() -> None:
    hang = Event()
    hung = FakeCamera(*pictures(3), hang, PICTURE)
    items = []
    begun = time.monotonic()
    with live(hung, FakeCamera(*pictures(2), Event())) as source:
        for item in without_pauses(source):
            items.append(item)
            if isinstance(item, Frame) and any(isinstance(each, Unreadable) for each in items):
                break
    assert time.monotonic() - begun < 2
    (silence,) = [item for item in items if isinstance(item, Unreadable)]
    assert silence.reason == "cam7 gave no frame for 0.25 s; opening it again"
    assert silence.sequence == 3
    assert items[-1].sequence >= 3
    assert hung.stopped.is_set()
    # What the hung camera gives when it wakes up reaches nobody, and it is let go of.
    hang.set()
    assert hung.closed.wait(2)


def test_a_camera_that_hangs_while_it_opens_has_more_time_but_not_for_ever() -> None:
    hang = Event()
    hung = FakeCamera()
    cameras = [FakeCamera(CameraError("gone")), hung, FakeCamera(*pictures(1000))]

    def open_camera():
        camera = cameras.pop(0)
        if camera is hung:
            hang.wait()
        return camera

    with LiveSource("cam7", open_camera, patience=IMPATIENT) as source:
        reasons = []
        for item in without_pauses(source):
            if isinstance(item, Frame):
                break
            reasons.append(item.reason)
    hang.set()
    assert hung.closed.wait(2)
    assert reasons == ["gone; opening it again in 0.1 s", "cam7 did not open for 0.5 s; opening it again"]


def test_a_camera_that_hangs_each_time_does_not_collect_threads_without_end() -> None:
    hang = Event()
    source = live(*[FakeCamera(hang) for _ in range(20)])
    reasons = [item.reason for item in islice(without_pauses(source), MAX_LEFT_BEHIND + 3)]
    assert reasons[MAX_LEFT_BEHIND - 1].endswith("opening it again")
    assert all("its driver is blocked" in reason for reason in reasons[MAX_LEFT_BEHIND:])
    assert len(source._left_behind) == MAX_LEFT_BEHIND
    hang.set()
    source.close()


def test_what_cannot_be_opened_twice_is_waited_for() -> None:
    go_on = Event()
    with live(FakeCamera(PICTURE, go_on, PICTURE), patience=Patience(0.25, reopen=False)) as source:
        items = without_pauses(source)
        assert next(items).sequence == 0
        silence = next(items)
        go_on.set()
        assert silence.reason == "cam7 gave no frame for 0.25 s; still waiting"
        assert silence.sequence == 1
        assert next(items).sequence == 1


def test_a_slow_camera_is_not_taken_for_a_hung_one() -> None:
    camera = FakeCamera(PICTURE, lambda: time.sleep(0.6), PICTURE)
    with live(camera, patience=Patience.for_rate(0.25, fps=2)) as source:
        assert [isinstance(item, Frame) for item in without_pauses(source)] == [True, True]


def test_time_that_the_loop_spends_elsewhere_is_not_the_cameras_silence() -> None:
    camera = FakeCamera(PICTURE, lambda: time.sleep(0.1), PICTURE)
    with live(camera) as source:
        items = without_pauses(source)
        next(items)
        time.sleep(0.4)
        assert [item.sequence for item in items] == [1]


def test_closing_does_not_wait_for_a_blocked_camera() -> None:
    source = live(FakeCamera(Event()), patience=Patience(9))
    assert isinstance(next(iter(source)), Pause)
    begun = time.monotonic()
    source.close()
    assert time.monotonic() - begun < 1


def test_a_fault_in_the_thread_reaches_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    died: list[type[BaseException]] = []
    monkeypatch.setattr("threading.excepthook", lambda fault: died.append(fault.exc_type))
    with pytest.raises(RuntimeError, match="capture thread of cam7 died"):
        list(live(FakeCamera(ZeroDivisionError())))
    assert died == [ZeroDivisionError]


def test_a_source_that_was_never_read_can_be_closed() -> None:
    camera = FakeCamera()
    live(camera).close()
    assert camera.closed.is_set()


def test_a_camera_that_is_missing_at_the_start_is_an_error_or_waited_for() -> None:
    with pytest.raises(MissingOutsideError, match="no camera there"):
        live(None)
    with live(None, FakeCamera(PICTURE), wait_for_camera=True) as source:
        items = list(without_pauses(source))
    assert [type(item) for item in items] == [Unreadable, Frame]

"""The one-frame slot between a camera's thread and the loop."""

import time
from threading import Thread

import numpy as np

from device.sources.camera.latest import LatestFrame
from device.sources.frame import Frame, Unreadable


def frame(sequence: int) -> Frame:
    return Frame(np.zeros((1, 1, 3), np.uint8), sequence, sequence)


def test_the_newest_frame_wins_and_the_overwritten_ones_are_counted() -> None:
    slot = LatestFrame()
    for sequence in range(5):
        assert slot.put(frame(sequence))
    taken = slot.take(0)
    assert isinstance(taken, Frame)
    assert taken.sequence == 4
    assert slot.skipped == 4
    assert slot.take(0) is None


def test_an_overwritten_error_is_no_skipped_frame() -> None:
    slot = LatestFrame()
    slot.put(Unreadable(None, "unplugged", 0, 0))
    slot.put(frame(0))
    assert slot.skipped == 0


def test_taking_from_an_empty_slot_waits_for_its_timeout() -> None:
    start = time.monotonic()
    assert LatestFrame().take(0.05) is None
    assert 0.045 <= time.monotonic() - start < 1


def test_a_waiting_taker_gets_a_frame_as_soon_as_it_comes() -> None:
    slot = LatestFrame()
    taken: list[object] = []
    taker = Thread(target=lambda: taken.append(slot.take(10)))
    taker.start()
    slot.put(frame(7))
    taker.join(5)
    assert isinstance(taken[0], Frame)
    assert taken[0].sequence == 7


def test_closing_wakes_a_waiting_taker() -> None:
    slot = LatestFrame()
    taker = Thread(target=slot.take, args=(10,))
    taker.start()
    slot.close()
    taker.join(5)
    assert not taker.is_alive()


def test_a_closed_slot_takes_nothing_in_but_gives_what_it_holds() -> None:
    slot = LatestFrame()
    slot.put(frame(1))
    slot.close()
    assert not slot.put(frame(2))
    taken = slot.take(0)
    assert isinstance(taken, Frame)
    assert taken.sequence == 1
    assert slot.closed

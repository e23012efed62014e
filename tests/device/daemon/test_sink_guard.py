"""One sink's failure is one sink's."""

import logging
import time

import pytest

from device.daemon.connections import Outputs
from device.daemon.sink_guard import RETRY_SECONDS, SinkGuard
from device.messages.messages import FaceLost, FrameInfo, FrameMessage, TimingMs, encode
from device.support.condition import State
from tests.fakes import ListSink

MESSAGE = FaceLost("cam0", 5, 1, 2, 9)
FRAME = FrameMessage("cam0", 5, 1, 2, FrameInfo(4, 3), [], TimingMs(0.0, 0.1, 1.0, 0.1, 1.2), "fake@ffffffff")


class FaultySink(ListSink):
    """Raises this error from `publish` until it is set to None."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def publish(self, message, line):
        if self.error is not None:
            raise self.error
        super().publish(message, line)


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def publish(sink):
    sink.publish(MESSAGE, encode(MESSAGE))


def test_a_fault_in_one_sink_is_reported_logged_once_and_the_others_go_on(caplog):
    sick, well = FaultySink(ZeroDivisionError("of ours")), ListSink()
    outputs = Outputs.of(sick, well)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            publish(outputs)
    assert len(well.lines) == 3
    assert outputs.condition.state == State.LOST
    assert outputs.condition.reason == ("sink FaultySink: ZeroDivisionError: of ours; trying again in 10 s")
    assert len(caplog.records) == 1
    assert "Traceback" in caplog.text
    outputs.close()
    assert sick.closed
    assert well.closed


def test_a_sink_is_tried_again_after_a_pause_and_is_well_when_a_message_goes_through(caplog):
    clock, sink = Clock(), FaultySink(KeyError("x"))
    guard = SinkGuard("mqtt://secret@host", sink, clock)
    publish(guard)
    sink.error = None
    publish(guard)
    assert sink.lines == []
    clock.now += RETRY_SECONDS
    assert guard.condition.state == State.LOST
    publish(guard)
    assert len(sink.lines) == 1
    assert guard.condition.state == State.OK
    sink.error = KeyError("x")
    publish(guard)
    assert guard.condition.state == State.LOST
    assert len(caplog.records) == 1
    assert "secret" not in caplog.text + guard.condition.reason


@pytest.mark.parametrize("method", ["take_commands", "take_round_trips_ms", "show", "close", "condition"])
def test_every_way_into_a_sink_is_guarded(method):
    class Sick(ListSink):
        def take_commands(self):
            return []

        def take_round_trips_ms(self):
            return []

        def show(self, frame):
            pass

    def fail(*_):
        raise AttributeError("of ours")

    setattr(Sick, method, property(fail) if method == "condition" else fail)
    outputs = Outputs.of(Sick())
    assert outputs.take_commands() == []
    assert outputs.take_round_trips_ms() == []
    outputs.show(None)
    assert (outputs.condition.state == State.LOST) == (method != "close")
    outputs.close()


@pytest.mark.parametrize("error", [BrokenPipeError(32, "gone"), OSError(28, "full")])
def test_only_the_end_of_a_sink_that_the_daemon_waits_for_is_the_end_of_the_daemon(error):
    class Blocking(FaultySink):
        def stop_waiting(self):
            pass

    with pytest.raises(type(error)):
        publish(Outputs.of(Blocking(error)))
    outputs = Outputs.of(FaultySink(error))
    publish(outputs)
    assert outputs.condition.state == State.LOST
    publish(Outputs.of(Blocking(ValueError("of ours"))))


def test_the_guard_costs_next_to_nothing():
    class Null(ListSink):
        def publish(self, message, line):
            pass

    outputs, line = Outputs.of(Null(), Null()), encode(MESSAGE)
    begun = time.process_time()
    for _ in range(2000):
        outputs.publish(MESSAGE, line)
    # 2 sinks; a frame has 33 ms.
    assert (time.process_time() - begun) / 2000 < 0.0005


class Choosy(ListSink):
    """Reads the lines of frames while `wants_frame_lines` says so."""

    wants_frame_lines = False


def test_a_frame_is_encoded_only_while_a_sink_reads_its_line_and_then_once(monkeypatch):
    encoded = []
    monkeypatch.setattr(
        "device.daemon.connections.encode", lambda message: encoded.append(message) or b"{}\n"
    )
    first, second = Choosy(), Choosy()
    outputs = Outputs.of(first, second)
    outputs.publish(FRAME)
    assert encoded == []
    first.wants_frame_lines = True
    outputs.publish(FRAME)
    assert len(encoded) == 1
    assert first.lines == second.lines == [b"", b"{}\n"]


def test_other_messages_are_encoded_for_every_sink():
    sink = Choosy()
    Outputs.of(sink).publish(MESSAGE)
    assert sink.lines == [encode(MESSAGE)]

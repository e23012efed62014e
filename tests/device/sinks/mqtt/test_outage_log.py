"""An outage is in the log at once, and then rarely."""

import logging

from device.sinks.mqtt.outage_log import PEACE_SECONDS, REPEAT_SECONDS, OutageLog


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_each_cause_is_logged_at_once_and_then_rarely(caplog):
    caplog.set_level(logging.INFO)
    clock = Clock()
    log = OutageLog("broker host:1883", clock)
    for _ in range(int(2.5 * REPEAT_SECONDS)):
        log.lost("connection refused")
        clock.now += 1
    assert caplog.messages == ["broker host:1883: connection refused; trying again"] * 3
    log.lost("does not answer")
    assert len(caplog.messages) == 4


def test_a_connection_that_comes_and_goes_is_not_logged_each_time_but_a_new_outage_is(caplog):
    clock = Clock()
    log = OutageLog("broker host:1883", clock)
    for _ in range(30):
        log.lost("connection lost")
        clock.now += 1
        log.connected()
        clock.now += 1
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1
    log.connected()
    clock.now += PEACE_SECONDS
    log.lost("connection lost")
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 2

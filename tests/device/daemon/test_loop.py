import json
import time

import numpy as np
import pytest

from device.contract.geometry import Box
from device.daemon.connections import Outputs
from device.daemon.loop import Daemon, OneModel
from device.messages.commands import BadCommand, Command, Verb
from device.settings import DaemonSettings
from device.sources.frame import Frame, Pause, Unreadable
from device.support.condition import Condition, State
from device.tracking.tracker import Tracker
from tests.fakes import FakeFinder, FakeNetwork, FakeSource, ListSink, a_frame, draw_square_face

CENTER = (200, 200)


def a_picture(center=CENTER):
    image = np.zeros((480, 640, 3), np.uint8)
    return draw_square_face(image, center, 100) if center else image


def run_daemon(items, name="images", live=False, **settings):
    sink = ListSink()
    source = FakeSource(items, name, live)
    tracker = Tracker(FakeNetwork(), FakeFinder(Box.centred(CENTER, (100, 100))))
    with Daemon(source, tracker, Outputs.of(sink), "fake@ffffffff", DaemonSettings(**settings)) as daemon:
        daemon.run()
    assert source.closed
    assert sink.closed
    return [json.loads(line) for line in sink.lines]


def test_unrelated_pictures_give_one_message_each_and_carry_nothing_over():
    items = [a_frame(a_picture(c), n, f"{n}.png") for n, c in enumerate([CENTER, None, (260, 230)])]
    messages = run_daemon(items)
    assert [message["type"] for message in messages] == ["frame"] * 3
    assert [message["frame"]["name"] for message in messages] == ["0.png", "1.png", "2.png"]
    assert [[face["id"] for face in message["faces"]] for message in messages] == [[1], [], [1]]


def test_followed_pictures_keep_an_id_and_tell_a_loss_once():
    centers = [CENTER, (210, 205), *[None] * 40]
    items = [a_frame(a_picture(c), n, f"{n}.png") for n, c in enumerate(centers)]
    messages = run_daemon(items, follow=True)
    # Files count as 30 frames a second: frame 32 is the first more than a second after frame 1.
    assert [message["type"] for message in messages] == ["frame"] * 33 + ["face_lost"] + ["frame"] * 9
    assert [face["id"] for face in messages[1]["faces"]] == [1]
    assert [message["faces"] for message in messages[2:33]] == [[]] * 31
    assert (messages[33]["id"], messages[33]["sequence"]) == (1, 32)


def test_a_live_face_is_lost_by_the_clock_of_its_captures_however_many_frames_were_skipped():
    captured = [(CENTER, 0.0), (CENTER, 0.4), (None, 0.9), (None, 1.3), (None, 1.5), (None, 9.0)]
    items = [Frame(a_picture(c), n, round(at * 1e9)) for n, (c, at) in enumerate(captured)]
    messages = run_daemon(items, name="cam0", live=True)
    lost = [message for message in messages if message["type"] == "face_lost"]
    assert [(message["id"], message["sequence"]) for message in lost] == [(1, 4)]


def test_an_unreadable_picture_is_an_error_line_and_the_stream_goes_on():
    bad = Unreadable("1.png", "damaged", 1, time.monotonic_ns())
    messages = run_daemon([a_frame(a_picture(), 0, "0.png"), bad, a_frame(a_picture(), 2, "2.png")])
    assert [message["type"] for message in messages] == ["frame", "error", "frame"]
    assert messages[1]["reason"] == "damaged"
    assert messages[1]["frame"]["name"] == "1.png"


def test_a_camera_that_fails_and_comes_back_is_told_as_status_once_each_way():
    gone = [Unreadable(None, "no frame", n, time.monotonic_ns()) for n in (1, 1, 1)]
    items = [a_frame(a_picture(), 0), *gone, a_frame(a_picture(), 1)]
    messages = run_daemon(items, name="cam0", live=True)
    states = [message["camera"]["state"] for message in messages if message["type"] == "status"]
    assert states == ["ok", "lost", "ok"]


def test_it_ends_after_the_wanted_frames():
    items = [a_frame(a_picture(), n, f"{n}.png") for n in range(10)]
    assert len(run_daemon(items, frames=4)) == 4


def test_a_live_stream_tells_health_with_both_clocks():
    messages = run_daemon([a_frame(a_picture(), n) for n in range(5)], name="cam0", live=True)
    health = next(message for message in messages if message["type"] == "health")
    apart = health["utc_ns"] - health["monotonic_ns"]
    assert abs(apart - (time.time_ns() - time.monotonic_ns())) < 1e9


def test_health_comes_at_its_interval_with_the_rate_since_the_last():
    class SlowSource(FakeSource):
        def __iter__(self):
            for n in range(30):
                time.sleep(0.01)
                yield a_frame(a_picture(), n)

    sink = ListSink()
    tracker = Tracker(FakeNetwork(), FakeFinder(Box.centred(CENTER, (100, 100))))
    source = SlowSource([], "cam0", live=True)
    with Daemon(
        source, tracker, Outputs.of(sink), "fake@ffffffff", DaemonSettings(health_seconds=0.1)
    ) as daemon:
        daemon.run()
    told = [json.loads(line) for line in sink.lines]
    healths = [message for message in told if message["type"] == "health"]
    assert len(healths) >= 3
    # One at the start, then never before the interval is over, however busy the machine.
    gaps = np.diff([health["monotonic_ns"] for health in healths]) / 1e9
    assert gaps.min() > 0.099
    assert healths[-1]["frames"] > healths[-2]["frames"]
    wanted = (healths[-1]["frames"] - healths[-2]["frames"]) / gaps[-1]
    assert healths[-1]["fps"] == pytest.approx(wanted, rel=0.05)
    assert healths[-1]["latency_ms_p50"] <= healths[-1]["latency_ms_p95"]
    assert healths[-1]["rss_mb"] > 10


def test_stop_ends_the_run_after_the_frame_in_hand():
    sink = ListSink()
    tracker = Tracker(FakeNetwork(), FakeFinder(Box.centred(CENTER, (100, 100))))
    source = FakeSource([a_frame(a_picture(), n) for n in range(100)], "cam0", live=True)
    daemon = Daemon(source, tracker, Outputs.of(sink), "fake@ffffffff", DaemonSettings())
    publish = sink.publish

    def publish_and_stop(message, line):
        publish(message, line)
        if b'"sequence":3,' in line:
            daemon.stop()

    sink.publish = publish_and_stop
    daemon.run()
    assert sum(b'"type":"frame"' in line for line in sink.lines) == 4


class AskingSink(ListSink):
    """Gives each command after so many frames of the stream."""

    def __init__(self, **commands):
        super().__init__()
        self.commands = {int(after[1:]): list(given) for after, given in commands.items()}

    def take_commands(self):
        return self.commands.pop(sum(b'"type":"frame"' in line for line in self.lines), [])


def run_with(sink, frames, fps=30, engine="fake@ffffffff"):
    items = [Frame(a_picture(), n, round(n * 1e9 / fps)) for n in range(frames)]
    tracker = Tracker(FakeNetwork(), FakeFinder(Box.centred(CENTER, (100, 100))))
    with Daemon(
        FakeSource(items, "cam0", live=True), tracker, Outputs.of(sink), engine, DaemonSettings()
    ) as daemon:
        ending = daemon.run()
    return ending, [json.loads(line) for line in sink.lines]


def test_commands_are_carried_out_and_each_is_answered() -> None:
    sink = AskingSink(
        a1=[Command(Verb.STATUS, None, "status"), Command(Verb.HEALTH, None, "health")],
        a2=[BadCommand("dance", "unknown command"), Command(Verb.MODEL, "huge", "model huge")],
        a3=[Command(Verb.RAW, True, "raw on")],
    )
    _, messages = run_with(sink, 5)
    told = [m["type"] for m in messages]
    assert told == [
        *("status", "health", "frame", "status", "reply", "health", "reply"),
        *("frame", "reply", "reply", "frame", "reply", "frame", "frame"),
    ]
    replies = [(m["command"], m["accepted"], m["reason"]) for m in messages if m["type"] == "reply"]
    assert replies == [
        ("status", True, ""),
        ("health", True, ""),
        ("dance", False, "unknown command"),
        ("model huge", False, "model 'huge' cannot be loaded: this run has one model only"),
        ("raw on", True, ""),
    ]
    raw = [["landmarks_raw" in face for face in m["faces"]] for m in messages if m["type"] == "frame"]
    assert raw == [[False], [False], [False], [True], [True]]


def test_a_rate_is_kept_counted_as_skipped_and_lifted() -> None:
    sink = AskingSink(a1=[Command(Verb.RATE, 10.0, "rate 10")], a11=[Command(Verb.HEALTH, None, "health")])
    sink.commands[12] = [Command(Verb.RATE, None, "rate full")]
    _, messages = run_with(sink, 40)
    numbers = [m["sequence"] for m in messages if m["type"] == "frame"]
    assert numbers[:12] == [0, 1, *range(4, 34, 3)]
    assert numbers[12:] == list(range(32, 40))
    assert [m["skipped"] for m in messages if m["type"] == "health"] == [0, 18]


def test_a_change_of_the_way_out_or_of_the_engine_is_told_right_away() -> None:
    class FlakySink(ListSink):
        @property
        def condition(self):
            lost = 1 <= len(frames_of(self.lines)) < 3
            return Condition(State.LOST, "no broker") if lost else Condition()

    engine = OneModel("fake@ffffffff")
    sink = FlakySink()
    publish = sink.publish

    def publish_and_change(message, line):
        publish(message, line)
        if len(frames_of(sink.lines)) == 2:
            engine.inference = Condition(State.DEGRADED, "on the CPU")

    sink.publish = publish_and_change
    _, messages = run_with(sink, 4, engine=engine)
    states = [(m["broker"]["state"], m["inference"]["state"]) for m in messages if m["type"] == "status"]
    assert states == [("ok", "ok"), ("lost", "ok"), ("lost", "degraded"), ("ok", "degraded")]
    assert [m["type"] for m in messages if m["type"] != "health"] == [
        *("status", "frame", "status", "frame", "status", "frame", "status", "frame")
    ]


def frames_of(lines):
    return [line for line in lines if b'"type":"frame"' in line]


def test_pictures_are_shown_before_their_message() -> None:
    class Screen(ListSink):
        def show(self, frame):
            self.lines.append(b'{"type":"picture","sequence":%d}' % frame.sequence)

    _, messages = run_with(Screen(), 2)
    told = [(m["type"], m["sequence"]) for m in messages if "sequence" in m]
    assert told == [("picture", 0), ("frame", 0), ("picture", 1), ("frame", 1)]


def test_pauses_and_silence_feed_the_watchdog_unless_nothing_can_help() -> None:
    class CountingNotifier:
        fed = 0

        def feed(self):
            self.fed += 1

        def ready(self):
            pass

        def status(self, sentence):
            pass

    notifier = CountingNotifier()
    gone = Unreadable(None, "no frame", 1, 0)

    class StuckSource(FakeSource):
        def __iter__(self):
            yield a_frame(a_picture(), 0)
            yield Pause()
            yield gone
            self.stuck = True
            yield gone
            yield Pause()

    tracker = Tracker(FakeNetwork(), FakeFinder())
    source = StuckSource([], "cam0", live=True)
    with Daemon(
        source, tracker, Outputs.of(), "fake@ffffffff", DaemonSettings(), notifier=notifier
    ) as daemon:
        daemon.run()
    assert notifier.fed == 3


class NotingEngine(OneModel):
    """An engine that keeps what it is told of latency."""

    def __init__(self):
        super().__init__("fake@ffffffff")
        self.noted = []

    def note_latency(self, latency_ms):
        self.noted.append(latency_ms)


@pytest.mark.parametrize(("live", "noted"), [(True, 2), (False, 0)])
def test_only_a_live_sources_latency_may_cost_it_accuracy(live, noted):
    engine, items = NotingEngine(), [a_frame(a_picture(), n) for n in range(2)]
    tracker = Tracker(FakeNetwork(), FakeFinder(Box.centred(CENTER, (100, 100))))
    with Daemon(
        FakeSource(items, "s", live), tracker, Outputs.of(ListSink()), engine, DaemonSettings()
    ) as daemon:
        daemon.run()
    assert len(engine.noted) == noted

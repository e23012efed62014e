"""The daemon's supervision: what fails is told, begun again, and what a user breaks changes nothing."""

import json
import logging
from dataclasses import replace

import numpy as np
import pytest

from device.contract.errors import BadInputError, MissingOutsideError, UsageError, WriteFailedError
from device.contract.geometry import Box
from device.daemon.loop import OneModel
from device.daemon.service import Pipeline, Service, State
from device.inference.fallback import WithFallback
from device.inference.remote import AcceleratorError
from device.messages.commands import Command, Verb
from device.settings import DaemonSettings
from device.sources.frame import Frame, Unreadable
from device.tracking.tracker import Tracker
from tests.broker import wait_until
from tests.fakes import FakeFinder, FakeNetwork, FakeSource, ListSink, draw_square_face

CENTER = (200, 200)


def frames(count, first=0, fps=30):
    image = draw_square_face(np.zeros((400, 400, 3), np.uint8), CENTER, 100)
    return [Frame(image, n, round(n * 1e9 / fps)) for n in range(first, first + count)]


class ScriptedSource(FakeSource):
    """Plays one list for each time that it is iterated; a callable among the items is called."""

    def __init__(self, *runs, live=True, name="cam0"):
        super().__init__([], name, live)
        self.runs = list(runs)

    def __iter__(self):
        for item in self.runs.pop(0):
            if callable(item):
                item()
            else:
                yield item


class FakeEngine(OneModel):
    """Remembers that it was closed."""

    closed = False

    def close(self):
        self.closed = True


class FakeBuilder:
    """Hands out what it was given; `open` keeps the addresses."""

    def __init__(self, *sources):
        self.sources, self.sinks, self.opened = list(sources), {}, []
        self.network = FakeNetwork
        self.engines, self.engine = [], FakeEngine

    def source(self, settings, wait_for_camera):
        self.opened.append((settings.source, wait_for_camera))
        source = self.sources.pop(0)
        if isinstance(source, Exception):
            raise source
        return source

    def sink(self, uri):
        if uri == "bad:":
            raise UsageError("no such sink")
        self.sinks[uri] = ListSink()
        return self.sinks[uri]

    def pipeline(self, settings, previous):
        if settings.model == "bad":
            raise BadInputError("no such model")
        tracker = Tracker(self.network(), FakeFinder(Box.centred(CENTER, (100, 100))))
        tracker.next_id = previous.next_id if previous else 1
        self.engines.append(self.engine(settings.model))
        return Pipeline(tracker, self.engines[-1])

    def told(self, uri="stdout:"):
        return [json.loads(line) for line in self.sinks[uri].lines]


def fault():
    raise ZeroDivisionError("of ours")


def run(builder, load=DaemonSettings, **arguments):
    waits = []
    service = Service(load, builder, wait=waits.append, **arguments)
    service.run()
    assert service.state is State.ENDING
    return service, waits


def kinds(messages, *wanted):
    return [message["type"] for message in messages if message["type"] in wanted]


def test_an_unexpected_error_is_logged_told_and_the_stream_goes_on_with_the_same_source(caplog) -> None:
    source = ScriptedSource([*frames(3), fault], frames(2, 3))
    builder = FakeBuilder(source)
    with caplog.at_level(logging.ERROR):
        service, waits = run(builder)
    messages = builder.told()
    assert [m["sequence"] for m in messages if m["type"] == "frame"] == [0, 1, 2, 3, 4]
    states = [(m["inference"]["state"], m["inference"]["reason"]) for m in messages if m["type"] == "status"]
    assert states == [
        ("ok", ""),
        ("lost", "ZeroDivisionError: of ours; starting again in 0.1 s"),
        ("lost", "ZeroDivisionError: of ours; starting again in 0.1 s"),
        ("ok", ""),
    ]
    assert waits == [0.1]
    assert service.restarts == 1
    assert builder.opened == [("demo:", False)]
    assert "Traceback" in caplog.text
    assert builder.sinks["stdout:"].closed
    assert source.closed


def test_an_id_is_never_given_again_after_a_failure() -> None:
    builder = FakeBuilder(ScriptedSource([*frames(2), fault], frames(2, 2)))
    run(builder)
    ids = [[face["id"] for face in m["faces"]] for m in builder.told() if m["type"] == "frame"]
    assert ids == [[1], [1], [2], [2]]


def test_frames_and_restarts_are_counted_over_all_runs() -> None:
    class Told(ListSink):
        pass

    builder = FakeBuilder(ScriptedSource([*frames(2), fault], [*frames(1, 2), fault], frames(9, 3)))
    run(builder, lambda: DaemonSettings(frames=6))
    messages = builder.told()
    assert kinds(messages, "frame") == ["frame"] * 6
    assert [m["restarts"]["inference"] for m in messages if m["type"] == "health"] == [0, 0, 1]


def test_a_loop_that_fails_at_once_again_and_again_waits_longer_and_longer() -> None:
    source = ScriptedSource(*[[fault]] * 6, frames(1))
    _, waits = run(FakeBuilder(source))
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_a_camera_failure_is_no_failure_of_the_loop() -> None:
    gone = Unreadable(None, "no camera", 1, 0)
    service, _ = run(FakeBuilder(ScriptedSource([*frames(1), gone, *frames(1, 1)])))
    assert service.restarts == 0


def test_a_file_does_not_begin_again_from_its_start() -> None:
    builder = FakeBuilder(ScriptedSource([*frames(1), fault], live=False, name="video"))
    with pytest.raises(ZeroDivisionError):
        run(builder)
    assert builder.sinks["stdout:"].closed


@pytest.mark.parametrize(
    "error", [BrokenPipeError(32, "gone"), OSError(28, "full"), WriteFailedError("full")]
)
def test_a_reader_that_has_gone_or_a_full_disk_ends_the_service(error) -> None:
    def end():
        raise error

    builder = FakeBuilder(ScriptedSource([*frames(1), end]))
    with pytest.raises(type(error)):
        run(builder)
    assert builder.sinks["stdout:"].closed


def test_what_cannot_be_opened_at_the_start_ends_it_and_leaves_nothing_open() -> None:
    builder = FakeBuilder(MissingOutsideError("no camera"))
    with pytest.raises(MissingOutsideError):
        run(builder)
    assert builder.sinks["stdout:"].closed
    builder = FakeBuilder()
    with pytest.raises(UsageError):
        run(builder, lambda: DaemonSettings(sinks=("stdout:", "bad:")))
    assert builder.sinks["stdout:"].closed


def test_stopping_ends_it_even_in_the_pause_after_a_failure() -> None:
    builder = FakeBuilder(ScriptedSource([fault], frames(1)))
    service = Service(DaemonSettings, builder, wait=lambda seconds: service.stop())
    service.run()
    assert kinds(builder.told(), "frame") == []
    assert builder.sinks["stdout:"].closed


class Reloading:
    """Settings that change with each reading."""

    def __init__(self, *steps):
        self.steps = list(steps)

    def __call__(self):
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step


def reload_in(builder, load, first, second):
    """Run with a reload after the frames of `first`; all messages on stdout:."""
    source = ScriptedSource([], second)
    builder.sources.insert(0, source)
    service = Service(load, builder, wait=lambda seconds: None)
    source.runs[0] = [*first, service.reload, *frames(1, 90)]
    service.run()
    return source


def test_a_reload_opens_what_is_new_closes_what_is_gone_and_keeps_the_rest() -> None:
    before = DaemonSettings(sinks=("stdout:", "old:"))
    builder = FakeBuilder()
    source = reload_in(
        builder, Reloading(before, replace(before, sinks=("stdout:", "new:"))), frames(2), frames(2, 2)
    )
    assert len(builder.opened) == 1
    assert source.closed
    assert len([m for m in builder.told() if m["type"] == "frame"]) == 4
    assert len([m for m in builder.told("old:") if m["type"] == "frame"]) == 2
    assert len([m for m in builder.told("new:") if m["type"] == "frame"]) == 2


def test_a_reload_to_another_camera_closes_the_first_and_waits_for_the_second() -> None:
    second = ScriptedSource(frames(3), name="cam1")
    builder = FakeBuilder(second)
    before = DaemonSettings(source="v4l2:0")
    first = reload_in(builder, Reloading(before, replace(before, source="v4l2:1")), frames(1), [])
    assert first.closed
    assert builder.opened == [("v4l2:0", False), ("v4l2:1", True)]
    assert [m["source"] for m in builder.told() if m["type"] == "frame"] == ["cam0"] + ["cam1"] * 3


@pytest.mark.parametrize(
    "step",
    [
        BadInputError("daemon.toml:3: no"),
        DaemonSettings(sinks=("stdout:", "bad:")),
        DaemonSettings(sinks=("stdout:", "new:", "bad:")),
        DaemonSettings(model="bad"),
    ],
    ids=["a file with a mistake", "a sink", "a good sink before a bad one", "a model"],
)
def test_a_reload_that_cannot_be_had_changes_nothing_and_says_so_in_log_and_status(step, caplog) -> None:
    builder = FakeBuilder()
    reload_in(builder, Reloading(DaemonSettings(), step), frames(1), frames(2, 1))
    messages = builder.told()
    assert [m["sequence"] for m in messages if m["type"] == "frame"] == [0, 1, 2]
    assert {m["model"] for m in messages if m["type"] == "frame"} == {"auto"}
    (line,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert line.startswith("the settings are kept as they were: ")
    assert [m["model"] for m in messages if m["type"] == "status"][-1] == {
        "state": "degraded",
        "reason": line,
    }
    assert all(builder.sinks[uri].closed for uri in builder.sinks)
    assert all(engine.closed for engine in builder.engines)


def test_the_old_pipeline_is_closed_only_when_the_new_one_is_there_and_a_good_reload_clears_the_status() -> (
    None
):
    builder = FakeBuilder()
    source = ScriptedSource([], [], frames(2, 5))
    builder.sources.append(source)
    steps = [DaemonSettings(), DaemonSettings(model="bad"), DaemonSettings(model="tiny")]
    service = Service(Reloading(*steps), builder, wait=lambda seconds: None)
    source.runs[0] = [*frames(1), service.reload, *frames(1, 90)]
    source.runs[1] = [
        *frames(2, 1), lambda: still_open.append(not builder.engines[0].closed), service.reload,
        *frames(1, 91),
    ]  # fmt: skip
    still_open = []
    service.run()
    assert still_open == [True]
    messages = builder.told()
    assert [m["model"] for m in messages if m["type"] == "frame"] == ["auto"] * 3 + ["tiny"] * 2
    states = [m["model"]["state"] for m in messages if m["type"] == "status"]
    assert states == ["ok", "degraded", "ok"]
    assert [engine.closed for engine in builder.engines] == [True, True]


class Accelerator:
    """One device, which only one network may hold."""

    holder = None

    def open(self):
        if self.holder is not None:
            raise AcceleratorError("the device is busy")
        self.holder = self
        return self

    def close(self):
        self.holder = None


def test_at_a_reload_the_accelerator_goes_from_the_old_pipeline_to_the_new_one() -> None:
    device, networks = Accelerator(), []

    class AcceleratedEngine(FakeEngine):
        def __init__(self, identity):
            super().__init__(identity)
            networks.append(WithFallback("network", "on the CPU", device.open))
            self.used = networks[-1]

        def close(self):
            self.used.close()

    builder = FakeBuilder()
    builder.engine = AcceleratedEngine
    used = []
    source = ScriptedSource([], [
        *frames(1, 1), lambda: used.append(networks[1].take()),
        lambda: used.append(wait_until(lambda: networks[1].take() is device, 3)), *frames(1, 2),
    ])  # fmt: skip
    builder.sources.append(source)
    service = Service(DaemonSettings, builder, wait=lambda seconds: None)
    source.runs[0] = [lambda: used.append(networks[0].take()), *frames(1), service.reload, *frames(1, 90)]
    service.run()
    assert used == [device, "on the CPU", True]
    assert len([m for m in builder.told() if m["type"] == "frame"]) == 3
    assert device.holder is None


def test_a_reload_that_fails_by_a_fault_of_ours_goes_on_with_the_old_settings() -> None:
    builder = FakeBuilder()
    reload_in(builder, Reloading(DaemonSettings(), OverflowError("too large")), frames(1), frames(2, 1))
    assert [m["sequence"] for m in builder.told() if m["type"] == "frame"] == [0, 1, 2]


def test_a_pipeline_that_cannot_be_loaded_again_is_tried_again_after_growing_pauses() -> None:
    builder = FakeBuilder(ScriptedSource([*frames(1), fault], frames(1, 1)))
    build, attempts = builder.pipeline, []

    def pipeline(settings, previous):
        attempts.append(previous)
        if len(attempts) in (2, 3):
            raise BadInputError("the model file is being replaced")
        return build(settings, previous)

    builder.pipeline = pipeline
    _, waits = run(builder)
    assert waits == [0.1, 0.2, 0.4]
    assert [m["sequence"] for m in builder.told() if m["type"] == "frame"] == [0, 1]


def with_one_port(builder):
    """Let no sink open while another one of its place is open, as the web's port would not."""
    open_sink, opened = builder.sink, []

    def sink(uri):
        place = uri.partition("?")[0]
        if any(not one.closed for one, other in opened if other == place):
            raise MissingOutsideError("the port is taken")
        opened.append((open_sink(uri), place))
        return opened[-1][0]

    builder.sink = sink
    return builder


def test_a_sink_with_other_options_takes_the_place_of_the_old_one_which_comes_back_if_that_fails() -> None:
    before, after = (DaemonSettings(sinks=(f"web:8080{more}",)) for more in ("", "?picture=1"))
    builder = with_one_port(FakeBuilder())
    reload_in(builder, Reloading(before, after), frames(1), frames(2, 1))
    assert kinds(builder.told("web:8080"), "frame") == ["frame"]
    assert kinds(builder.told("web:8080?picture=1"), "frame") == ["frame"] * 2
    builder = with_one_port(FakeBuilder())
    refused = replace(after, sinks=(*after.sinks, "bad:"))
    reload_in(builder, Reloading(before, refused), frames(1), frames(2, 1))
    assert kinds(builder.told("web:8080"), "frame") == ["frame"] * 2


def test_a_reload_to_a_source_that_does_not_open_goes_back_to_the_old_one(caplog) -> None:
    builder = FakeBuilder(BadInputError("no such film"), ScriptedSource(frames(2)))
    before = DaemonSettings(source="v4l2:0")
    reload_in(builder, Reloading(before, replace(before, source="video:x")), frames(1), [])
    assert [uri for uri, _ in builder.opened] == ["v4l2:0", "video:x", "v4l2:0"]
    assert kinds(builder.told(), "frame") == ["frame"] * 3
    assert "no such film" in caplog.text


def test_the_service_manager_hears_of_start_reload_and_end() -> None:
    class ListNotifier:
        def __init__(self):
            self.told = []

        def ready(self):
            self.told.append("ready")

        def reloading(self):
            self.told.append("reloading")

        def stopping(self):
            self.told.append("stopping")

        def feed(self):
            self.told.append("alive")

        def status(self, sentence):
            self.told.append(sentence)

    notifier = ListNotifier()
    source = ScriptedSource([], frames(2))
    service = Service(DaemonSettings, FakeBuilder(source), notifier)
    source.runs[0] = [*frames(1), service.reload, *frames(1)]
    service.run()
    told = [word for word in notifier.told if word != "all parts ok"]
    assert told == ["ready", "alive", "reloading", "ready", "alive", "alive", "stopping"]


def test_a_reload_by_command_is_answered_before_it_is_done() -> None:
    class CommandSink(ListSink):
        def take_commands(self):
            done = sum(b'"type":"frame"' in line for line in self.lines)
            return [Command(Verb.RELOAD, None, "reload")] if done == 1 else []

    builder = FakeBuilder(ScriptedSource(frames(2), frames(2, 2)))
    builder.sink = lambda uri: builder.sinks.setdefault(uri, CommandSink())
    run(builder)
    assert kinds(builder.told(), "reply", "frame") == ["frame", "reply", "frame", "frame"]

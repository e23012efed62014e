"""The Edge TPU's guard with a real library that fails in every way, and the latency's budget."""

import logging
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from device.contract.errors import LandmarksError
from device.inference import fallback as accelerated
from device.inference import network as network_module
from device.inference.engine import LOWER_RATES_FPS, NetworkEngine, _smaller_models
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.inference.settings import BudgetSettings, InferenceSettings
from device.support.condition import State
from tests.device.handles import open_handles
from tests.device.inference.delegates import build_library, make_pair

CROP = np.random.default_rng(2).integers(0, 256, (128, 128, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return build_library(tmp_path_factory.mktemp("library"))


@pytest.fixture
def order(tmp_path, monkeypatch):
    """Tell the fake library what to do wrong from now on."""
    path = tmp_path / "order"
    path.write_text("well")
    monkeypatch.setenv("FAKE_DELEGATE", str(path))
    monkeypatch.setattr(accelerated, "FIRST_BACK_OFF_SECONDS", 0.05)
    monkeypatch.setattr(accelerated, "LAST_BACK_OFF_SECONDS", 0.2)
    return path.write_text


@pytest.fixture
def open_engine(tmp_path, library):
    """Engines on a pair of models, ended after the test."""
    engines = []

    def open_one(model=None, delegate=library, **settings):
        settings = {"accelerator": "edgetpu", "run_seconds": 0.5, "open_seconds": 20.0, **settings}
        inference = InferenceSettings(delegate=str(delegate), **settings)
        model = make_pair(tmp_path) if model is None else model
        engines.append(NetworkEngine(str(model), inference, BudgetSettings(), tmp_path))
        return engines[-1]

    yield open_one
    for engine in engines:
        engine.close()


def look(engine):
    rule = engine.manifest.crop
    width, height = rule.size_wh
    engine.infer(np.ascontiguousarray(np.resize(CROP, (height, width, 3))))
    return engine.decode()


def look_until(engine, state, seconds=20.0):
    """Look again and again until the engine is in that state; how long that took."""
    begun = time.monotonic()
    while engine.inference.state is not state:
        assert time.monotonic() - begun < seconds, engine.inference
        look(engine)
        time.sleep(0.01)
    return time.monotonic() - begun


def test_both_of_a_pair_see_the_same_and_the_accelerator_is_told_by_its_models_name(
    order, open_engine
) -> None:
    on_accelerator, on_cpu = open_engine(), open_engine(accelerator="cpu")
    assert on_accelerator.inference.state is on_cpu.inference.state is State.OK
    assert on_accelerator.identity.startswith("small_edgetpu@")
    assert on_cpu.identity.startswith("small@")
    theirs, ours = look(on_accelerator), look(on_cpu)
    np.testing.assert_array_equal(theirs.landmarks_crop, ours.landmarks_crop)
    np.testing.assert_array_equal(theirs.landmark_scores, ours.landmark_scores)
    assert theirs.presence == ours.presence


def test_faces_share_the_one_accelerator_and_take_a_core_each_once_it_has_failed(
    order, open_engine, monkeypatch
) -> None:
    monkeypatch.setattr(network_module, "usable_cores", lambda: 3)
    engine = open_engine()
    assert engine.side_by_side(8) == [engine]
    order("crash")
    assert look_until(engine, State.DEGRADED) < 20
    first, *others = engine.side_by_side(8)
    assert first is engine
    assert [type(other) for other in others] == [LandmarkNetwork] * 2
    order("well")
    look_until(engine, State.OK)
    assert engine.side_by_side(8) == [engine]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("absent", "no device found"),
        ("crash", "died of SIGSEGV while loading: it was built for another TFLite runtime"),
        ("hang", "does not answer for 3 s while loading"),
    ],
)
def test_a_library_that_fails_while_loading_is_a_stated_fallback_and_recovers(
    order, open_engine, caplog, wrong: str, says: str
) -> None:
    order(wrong)
    with caplog.at_level(logging.INFO):
        engine = open_engine(open_seconds=3.0)
    assert engine.inference.state is State.DEGRADED
    assert "on the CPU: " in engine.inference.reason
    assert says in engine.inference.reason
    assert says in caplog.text
    assert engine.identity.startswith("small@")
    look(engine)
    order("well")
    look_until(engine, State.OK)
    assert engine.identity.startswith("small_edgetpu@")


@pytest.mark.parametrize(
    ("wrong", "says", "most_seconds"),
    [("crash", "died of SIGSEGV", 0.5), ("hang", "does not answer for 0.5 s", 1.5)],
)
def test_an_accelerator_that_fails_in_the_middle_costs_no_frame_and_comes_back(
    order, open_engine, wrong: str, says: str, most_seconds: float
) -> None:
    engine = open_engine()
    wanted = look(engine)
    order(wrong)
    took = look_until(engine, State.DEGRADED)
    assert took < most_seconds + 1
    assert says in engine.inference.reason
    np.testing.assert_array_equal(look(engine).landmarks_crop, wanted.landmarks_crop)
    order("well")
    look_until(engine, State.OK)
    np.testing.assert_array_equal(look(engine).landmarks_crop, wanted.landmarks_crop)


def test_crash_after_crash_leaves_neither_processes_nor_handles_nor_threads(order, open_engine) -> None:
    engine = open_engine()
    look(engine)
    handles = open_handles()
    for _ in range(8):
        os.kill(engine._network.active._interpreter._child.process_id, signal.SIGSEGV)
        look(engine)
        assert engine.inference.state is State.DEGRADED
        look_until(engine, State.OK)
    assert not open_handles() - handles
    assert len(list(Path(f"/proc/{os.getpid()}/task").iterdir())) < 30


@pytest.mark.parametrize(
    ("delegate", "says"),
    [("/nowhere/libedgetpu.so.1", "cannot open shared object"), ("libm.so.6", "it is no delegate's library")],
)
def test_a_library_that_is_not_there_is_said(order, open_engine, delegate: str, says: str) -> None:
    engine = open_engine(delegate=delegate)
    assert engine.inference.state is State.DEGRADED
    assert says in engine.inference.reason


def test_without_a_compiled_model_the_remedy_is_said(order, open_engine) -> None:
    engine = open_engine(model=find_model("small"))
    assert engine.inference.state is State.DEGRADED
    assert "no student_edgetpu.tflite beside student.tflite; compile it with" in engine.inference.reason


def plug_in(root):
    stick = root / "sys/bus/usb/devices/2-1"
    stick.mkdir(parents=True)
    for name, value in {"idVendor": "18d1", "idProduct": "9302", "busnum": "2", "devnum": "7"}.items():
        (stick / name).write_text(value)


def test_by_default_an_accelerator_is_used_where_one_is_plugged_in(order, open_engine, tmp_path) -> None:
    without = open_engine(accelerator="auto")
    assert (without.identity[:6], without.inference.state) == ("small@", State.OK)
    plug_in(tmp_path)
    assert open_engine(accelerator="auto").identity.startswith("small_edgetpu@")


def test_a_compiled_model_that_is_not_the_one_of_its_manifest_is_not_run(
    order, open_engine, tmp_path
) -> None:
    model = make_pair(tmp_path)
    (tmp_path / "student_edgetpu.tflite").write_bytes(b"another")
    engine = open_engine(model=model)
    assert engine.inference.state is State.DEGRADED
    assert "not a pair" in engine.inference.reason


def test_a_process_of_this_one_is_no_slower_behind_the_guard() -> None:
    engine = NetworkEngine("small", InferenceSettings(accelerator="cpu"), BudgetSettings())
    plain = LandmarkNetwork(find_model("small"))
    spent = {engine: [], plain: []}
    for _ in range(60):
        for network, times in spent.items():
            begun = time.perf_counter_ns()
            look(network)
            times.append(time.perf_counter_ns() - begun)
    ratio = np.median(spent[engine]) / np.median(spent[plain])
    print(f"engine over plain network: {ratio:.3f}")
    assert ratio < 1.1


def engine_with(budget_ms=10.0, monkeypatch=None, models=None):
    if models is not None:
        monkeypatch.setattr(
            "device.inference.engine._smaller_models", lambda name: models if name == "small" else []
        )
    return NetworkEngine("small", InferenceSettings(accelerator="cpu"), BudgetSettings(latency_ms=budget_ms))


def feed(engine, latency_ms, windows=1):
    for _ in range(60 * windows):
        engine.note_latency(latency_ms)


def test_a_slow_device_without_a_smaller_model_lowers_its_rate_step_by_step_and_says_so(monkeypatch) -> None:
    engine = engine_with(monkeypatch=monkeypatch, models=[])
    feed(engine, 9.0)
    assert (engine.rate_fps, engine.inference.state) == (None, State.OK)
    for rate in (*LOWER_RATES_FPS, LOWER_RATES_FPS[-1]):
        feed(engine, 21.0)
        assert engine.rate_fps == rate
        assert engine.inference.state is State.DEGRADED
        assert engine.inference.reason == (
            f"a message took 21 ms of a budget of 10 ms: at most {rate:g} frames a second"
        )


def test_a_smaller_model_is_taken_first_and_the_own_one_again(monkeypatch, tmp_path) -> None:
    smaller = make_pair(tmp_path)
    monkeypatch.setattr(
        "device.inference.engine.find_model", lambda n: smaller if n == "tiny" else find_model(n)
    )
    engine = engine_with(monkeypatch=monkeypatch, models=["tiny"])
    own = engine._network
    feed(engine, 21.0)
    assert engine._network is not own
    assert engine.rate_fps is None
    assert "model tiny" in engine.inference.reason
    look(engine)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    feed(engine, 5.0)
    now += 25
    feed(engine, 5.0)
    assert engine.inference.state is State.OK
    look(engine)


def test_a_command_changes_the_model_and_a_wrong_one_changes_nothing() -> None:
    engine = engine_with()
    before = engine.identity
    with pytest.raises(LandmarksError, match="huge"):
        engine.choose("huge")
    assert engine.identity == before
    engine.choose("small")
    assert engine.identity == before


def test_the_shipped_models_stand_on_a_ladder() -> None:
    ladder = ["base", "small", "swift", "tiny"]
    assert [_smaller_models(name) for name in ladder] == [ladder[step:] for step in range(1, 5)]
    assert _smaller_models("own.tflite") == []

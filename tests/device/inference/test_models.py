"""Which model is used where none is named."""

import logging

import pytest

from device.contract.errors import UsageError
from device.daemon import assembly
from device.daemon.assembly import Assembly
from device.inference import models
from device.inference.engine import NetworkEngine
from device.inference.models import find_model, suited_model
from device.inference.settings import BudgetSettings, InferenceSettings
from device.settings import settings_of
from device.support.processor import Processor

PI_4 = Processor("Raspberry Pi 4 Model B Rev 1.5", ())
PI_5 = Processor("Raspberry Pi 5 Model B Rev 1.0", ("asimddp",))


def test_fewer_multiplications_where_int8_has_no_dot_products_and_no_accelerator_is_there():
    assert suited_model(PI_4) == "swift"
    assert suited_model(PI_4, accelerated=True) == "small"
    assert suited_model(PI_5) == suited_model(PI_5, accelerated=True) == "small"


@pytest.mark.parametrize(("processor", "name"), [(PI_4, "swift"), (PI_5, "small")])
def test_auto_is_a_shipped_file(monkeypatch, processor, name):
    monkeypatch.setattr(models, "read_processor", lambda: processor)
    assert find_model("auto") == find_model(name)
    engine = NetworkEngine("tiny", InferenceSettings(accelerator="cpu"), BudgetSettings())
    engine.choose("auto")
    assert engine.identity.split("@")[0] == name
    assert find_model("auto").is_file()
    with pytest.raises(UsageError, match=r"neither a shipped one \(.*swift.*, nor auto"):
        find_model("automatic")


@pytest.mark.parametrize(
    ("processor", "named", "used", "said"),
    [
        (PI_4, None, "swift", 1),
        (PI_5, None, "small", 0),
        (PI_4, "small", "small", 0),
        (PI_5, "swift", "swift", 0),
    ],
)
def test_what_was_chosen_for_the_processor_is_told_once(monkeypatch, caplog, processor, named, used, said):
    monkeypatch.setattr(models, "read_processor", lambda: processor)
    monkeypatch.setattr(assembly, "edgetpu_places", lambda root: [])
    settings, build = settings_of(None, {} if named is None else {"model": named}), Assembly()
    with caplog.at_level(logging.INFO):
        pipelines = [build.pipeline(settings, None) for _ in range(2)]
    assert [each.engine.identity.split("@")[0] for each in pipelines] == [used] * 2
    assert sum("no int8 dot products; --model small" in line.message for line in caplog.records) == said
    for each in pipelines:
        each.engine.close()

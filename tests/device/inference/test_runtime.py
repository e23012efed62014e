"""Which TFLite runtime is taken, with a fake import in the place of what is installed."""

import importlib
from types import SimpleNamespace

import pytest

from device.contract.errors import MissingOutsideError
from device.inference.interpreter import load_runtime


def install(monkeypatch, *names):
    """Pretend that only these modules can be imported."""

    def import_module(name):
        if name not in names:
            raise ModuleNotFoundError(f"No module named {name!r}")
        return SimpleNamespace(name=name)

    monkeypatch.setattr(importlib, "import_module", import_module)


def test_litert_is_taken_first_and_tflite_runtime_where_only_that_is_there(monkeypatch) -> None:
    install(monkeypatch, "ai_edge_litert.interpreter", "tflite_runtime.interpreter")
    assert load_runtime().name == "ai_edge_litert.interpreter"
    install(monkeypatch, "tflite_runtime.interpreter")
    assert load_runtime().name == "tflite_runtime.interpreter"


def test_without_a_runtime_the_remedy_is_said(monkeypatch) -> None:
    install(monkeypatch)
    with pytest.raises(MissingOutsideError, match="pip install ai-edge-litert"):
        load_runtime()

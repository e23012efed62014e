import json

import pytest
import torch
from torch import nn

from device.contract.errors import BadInputError
from tests.training.engine.test_loop import tiny_parts
from training.engine.loop import Loop
from training.engine.precision import EngineSettings, Precision, autocast, choose_precision, cpu_flags

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("wanted", "flags", "name", "reason"),
    [
        ("auto", "fpu avx2 fma", "float32", "no bfloat16"),
        ("auto", "avx512f avx512_bf16", "bf16", "avx512_bf16"),
        ("auto", "avx512f amx_tile amx_bf16", "bf16", "amx_bf16"),
        ("auto", "asimd fp asimdhp bf16", "bf16", "bf16"),
        ("bf16", "avx2", "bf16", "the run file"),
        ("float32", "amx_bf16", "float32", "the run file"),
    ],
)
def test_bf16_is_computed_only_where_the_processor_has_it(wanted, flags, name, reason):
    chosen = choose_precision(wanted, CPU, frozenset(flags.split()))
    assert chosen.name == name
    assert reason in chosen.reason


@pytest.mark.parametrize(
    ("layer", "computed"),
    [
        (nn.Conv2d(8, 8, 3, stride=2, groups=8), torch.float32),
        (nn.Conv2d(8, 8, 5, groups=8), torch.float32),
        (nn.Conv2d(8, 8, 3, dilation=2, groups=8), torch.float32),
        (nn.Conv2d(8, 8, 3, groups=8), torch.bfloat16),
        (nn.Conv2d(8, 8, 3, stride=2, groups=2), torch.bfloat16),
        (nn.Conv2d(8, 8, 5, stride=2), torch.bfloat16),
    ],
)
def test_only_depthwise_convolutions_that_are_slow_in_bf16_stay_float32_on_a_processor(layer, computed):
    image = torch.randn(2, 8, 16, 16)
    with autocast(Precision("bf16", ""), CPU):
        found = layer(image)
    assert found.dtype == computed
    with autocast(Precision("float32", ""), CPU):
        wanted = layer(image)
    assert wanted.dtype == torch.float32
    torch.testing.assert_close(found.float(), wanted, rtol=0.02, atol=0.02)


def test_a_gpu_decides_for_itself(monkeypatch):
    for native in (True, False):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda native=native, **_: native)
        chosen = choose_precision("auto", torch.device("cuda"))
        assert chosen.name == ("bf16" if native else "float32")


def test_features_are_read_as_both_architectures_list_them(tmp_path):
    path = tmp_path / "cpuinfo"
    path.write_text("processor\t: 0\nflags\t\t: fpu avx2\n\nprocessor\t: 1\nflags\t\t: fpu avx2\n")
    assert cpu_flags(path) == {"fpu", "avx2"}
    path.write_text("processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd bf16\n")
    assert cpu_flags(path) == {"fp", "asimd", "bf16"}
    assert cpu_flags(tmp_path / "none") == frozenset()


def test_an_unknown_precision_is_refused():
    with pytest.raises(BadInputError, match="'fp8', known: auto, bf16, float32"):
        EngineSettings("fp8")


def test_a_run_says_which_precision_it_chose_and_keeps_it(tmp_path, caplog):
    loop = Loop(tiny_parts(tmp_path))
    loop.run()
    kept = json.loads((tmp_path / "speed.json").read_text())
    assert kept["precision"] == loop.precision.name
    assert kept["why"] == loop.precision.reason
    assert f"precision {loop.precision.name}: {loop.precision.reason}" in caplog.text

"""With --all the other arithmetics are made and compared, and the worst layers are named."""

import json
import shutil

import pytest

from convert.__main__ import main
from convert.stations.layers import WORST
from convert.tflite.file import read_graph
from device.contract.manifest import read_model_manifest


@pytest.fixture(scope="module")
def everything(tiny_handover, converted, converter, tmp_path_factory):
    """OUT of a conversion to which --all was added afterwards."""
    out = shutil.copytree(converted, tmp_path_factory.mktemp("all") / "model")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LANDMARKS_CONVERT_PYTHON", str(converter))
        assert (
            main(
                [
                    "run",
                    str(tiny_handover),
                    "--out",
                    str(out),
                    "--int8-budget",
                    "1",
                    "--max-error",
                    "1000",
                    "--all",
                ]
            )
            == 0
        )
    return out


@pytest.mark.convert
@pytest.mark.slow
def test_float16_and_int16_activations_stand_beside_the_product_with_their_manifests(everything):
    work = everything / "work"
    float16, int16x8 = work / "student_float16.tflite", work / "student_int16x8.tflite"
    assert read_model_manifest(int16x8).input.dtype == "int16"
    assert {tensor.dtype for tensor in read_graph(int16x8).tensors if not tensor.constant} == {"int16"}
    constants = {tensor.dtype for tensor in read_graph(float16).tensors if tensor.constant}
    assert "float16" in constants
    assert float16.stat().st_size < 0.7 * (work / "student_float32.tflite").stat().st_size


@pytest.mark.convert
@pytest.mark.slow
def test_every_arithmetic_is_compared_and_more_bits_move_landmarks_less(everything):
    models = json.loads((everything / "conversion.json").read_text())["variants"]["comparison"]["models"]
    assert set(models) == {"pytorch", "float32", "float16", "int16x8", "int8"}
    moved = {name: figures["difference"]["landmarks_px"]["mean"] for name, figures in models.items()}
    assert moved["pytorch"] == 0
    assert moved["float32"] < moved["float16"] < moved["int8"]
    assert moved["int16x8"] < moved["int8"]


@pytest.mark.convert
@pytest.mark.slow
def test_the_ten_worst_layers_are_on_the_page(everything):
    layers = json.loads((everything / "conversion.json").read_text())["variants"]["layers"]
    html = (everything / "conversion.html").read_text()
    assert WORST == 10
    for layer in layers[:WORST]:
        assert f"{layer['index']} {layer['operator']}" in html
        assert f"{layer['signal_to_noise_db']:.1f}" in html

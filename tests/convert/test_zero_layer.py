"""A layer that is 0 on every calibration crop is named and still gives a file that loads."""

import pytest

from convert.__main__ import main
from convert.stations.onnx2tf import zero_layers
from convert.tflite.file import read_graph
from tests.convert.tiny import make_network, write_handover


def dead_network():
    """The tiny network, the ReLU before its heatmap convolution of which never fires."""
    import torch

    network = make_network()
    with torch.no_grad():
        network.mixes[0][1].bias -= 1000
    return network


def test_the_layers_are_read_off_the_log(tmp_path):
    log = tmp_path / "log"
    log.write_text("hello\nzero on all calibration crops: relu_9\nbye\n")
    assert "zero on all calibration crops: relu_9: they got the range of their input" in zero_layers(log)
    log.write_text("hello\n")
    assert zero_layers(log) == ""


@pytest.mark.convert
@pytest.mark.timeout(900)  # a whole conversion, on a machine that may be busy
def test_a_dead_layer_is_named_and_its_scale_is_usable(tmp_path, converter, monkeypatch, capsys):
    monkeypatch.setenv("LANDMARKS_CONVERT_PYTHON", str(converter))
    handover = tmp_path / "handover"
    handover.mkdir()
    write_handover(handover, dead_network())
    assert (
        main(
            [
                "run",
                str(handover),
                "--out",
                str(tmp_path / "model"),
                "--int8-budget",
                "100",
                "--max-error",
                "1000",
            ]
        )
        == 0
    )
    assert "zero on all calibration crops: " in capsys.readouterr().err
    graph = read_graph(tmp_path / "model" / "student.tflite")
    computed = [graph.tensors[node.outputs[0]] for node in graph.operators]
    assert min(tensor.scales[0] for tensor in computed) > 1e-5

"""The shipped models through Arm's real Vela and TensorFlow Lite Micro's real interpreter."""

import csv
import json
import os
import shutil
import subprocess

import pytest

from convert.__main__ import main
from convert.environments import ETHOS_U
from convert.ethosu.ethos_u import ModelCosts, check_whole, name_of, table
from convert.ethosu.micro import MicroFit, identifier_of, method_of
from convert.ethosu.vela import TARGETS, NpuFigures
from device.contract.errors import BadInputError, GateError, MissingOutsideError
from tests.convert.graphs import Drawing, write_tflite

FIGURES = NpuFigures("ethos-u55-128", 40, 0, (), 100 * 1024, 900 * 1024, 2_000_000, 250.0)


@pytest.fixture(scope="session")
def vela():
    """The interpreter with Vela; without it tests are skipped, but never in CI, which has it."""
    try:
        interpreter = ETHOS_U.find(os.environ)
        ETHOS_U.versions(interpreter)
    except MissingOutsideError as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI must compile: {error}")
        pytest.skip(str(error))
    return interpreter


def shipped(root):
    return sorted((root / "device" / "models").glob("*/*.tflite"))


def small_of(compiled):
    models = json.loads((compiled / "ethos-u.json").read_text())["models"]
    return next(model for model in models if model["name"] == "small")


@pytest.fixture(scope="session")
def compiled(root, vela, tmp_path_factory):
    """OUT of every shipped model."""
    out = tmp_path_factory.mktemp("ethos-u")
    assert main(["ethos-u", *map(str, shipped(root)), "--out", str(out)]) == 0
    return out


def test_the_shipped_models_run_whole_on_every_npu(compiled, root):
    record = json.loads((compiled / "ethos-u.json").read_text())
    names = [model["name"] for model in record["models"]]
    assert names == [path.parent.name for path in shipped(root)]
    assert {"small", "finder"} <= set(names)
    for model in record["models"]:
        assert [target["target"] for target in model["targets"]] == [target.name for target in TARGETS]
        for target in model["targets"]:
            assert (target["cpu_operators"], target["left_to_the_cpu"]) == (0, [])
            assert target["npu_operators"] > 40
            assert 1 < target["inferences_per_second"] < 10_000
            assert target["flash_bytes"] < model["micro"]["model_bytes"]


def test_every_layers_cycles_are_kept_and_add_up(compiled):
    with (compiled / "small" / "ethos-u55-128" / "layers.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) > 40
    total = small_of(compiled)["targets"][0]["cycles"]
    assert sum(float(row["Op Cycles"]) for row in rows) == pytest.approx(total, rel=0.05)


def test_the_table_has_a_row_for_each_model_and_target(compiled, root):
    lines = (compiled / "ethos-u.md").read_text().splitlines()
    assert len(lines) == 2 + len(shipped(root)) * (len(TARGETS) + 1)
    assert any(line.startswith("| small | ethos-u55-128 |") for line in lines)


def test_the_table_of_the_readme_is_that_of_make_ethos_u(compiled, root):
    table = (compiled / "ethos-u.md").read_text()
    assert table in (root / "convert" / "README.md").read_text(), "copy build/ethos-u/ethos-u.md there"


def test_the_c_array_is_the_file_and_the_header_names_arena_and_operators(compiled, root, tmp_path):
    header = (compiled / "small" / "micro" / "small.h").read_text()
    for method in (
        "AddAdd",
        "AddAveragePool2D",
        "AddConv2D",
        "AddFullyConnected",
        "AddResizeNearestNeighbor",
    ):
        assert f"resolver.{method}();" in header
    record = small_of(compiled)["micro"]
    assert f"small_arena_bytes = {record['arena_bytes']};" in header
    assert 100_000 < record["arena_bytes"] < 300_000
    text = (compiled / "small" / "micro" / "small.cc").read_text()
    body = text[text.index("{") + 1 : text.index("}")]
    content = bytes(int(value, 16) for value in body.split(",") if value.strip())
    assert content == (root / "device" / "models" / "small" / "student.tflite").read_bytes()


def test_the_c_sources_compile(compiled, tmp_path):
    compiler = shutil.which("c++")
    if compiler is None:
        pytest.skip("no C++ compiler: apt-get install g++")
    subprocess.run(
        [compiler, "-std=c++17", "-Wall", "-Werror", "-c", "small.cc", "-o", tmp_path / "small.o"],
        cwd=compiled / "small" / "micro",
        check=True,
    )


def test_a_float_file_is_refused_before_anything_is_compiled(tmp_path, vela):
    drawing = Drawing()
    drawing.node("RELU", (drawing.image(1, 4, 4, 3, dtype="float32", scaled=False),), (1, 4, 4, 3))
    model = write_tflite(tmp_path / "real.tflite", drawing.graph())
    with pytest.raises(BadInputError, match="wanted one int8 input"):
        main(["ethos-u", str(model), "--out", str(tmp_path / "out")])


def test_an_operator_left_to_the_cpu_misses_the_gate(tmp_path):
    micro = MicroFit(1000, 2000, ("AddConv2D",))
    left = NpuFigures("ethos-u55-128", 39, 1, ("LEAKY_RELU",), 1, 1, 1, 1.0)
    check_whole([ModelCosts("good", tmp_path, micro, (FIGURES,))])
    with pytest.raises(GateError, match=r"leaves 1 operators to the CPU on ethos-u55-128 \(LEAKY_RELU\)"):
        check_whole([ModelCosts("bad", tmp_path, micro, (FIGURES, left))])


def test_a_row_gives_sizes_in_kib(tmp_path):
    rows = table([ModelCosts("m", tmp_path, MicroFit(2048, 4096, ()), (FIGURES,))]).splitlines()
    assert rows[2] == "| m | ethos-u55-128 | 40 of 40 | 100 | 900 | 2,000,000 | 250 |"
    assert rows[3] == "| m | no NPU (Micro) | | 2 | 4 | | |"


def test_a_model_is_called_by_its_manifest(tmp_path):
    (tmp_path / "student.json").write_text('{"name": "kd-net 1"}')
    assert name_of(tmp_path / "student.tflite") == "kd-net_1"
    assert name_of(tmp_path / "finder.tflite") == "finder"
    (tmp_path / "student.json").write_text("{")
    with pytest.raises(BadInputError, match="no readable name"):
        name_of(tmp_path / "student.tflite")


@pytest.mark.parametrize(
    ("name", "identifier"), [("open-small", "open_small"), ("98-points", "model_98_points"), ("tiny", "tiny")]
)
def test_a_name_is_spelt_as_c_wants_it(name, identifier):
    assert identifier_of(name) == identifier


def test_methods_are_spelt_as_the_resolver_spells_them():
    wanted = {"CONV_2D": "AddConv2D", "RELU6": "AddRelu6", "L2_NORMALIZATION": "AddL2Normalization"}
    assert {name: method_of(name) for name in wanted} == wanted


def test_without_vela_one_line_says_which_command_builds_it(tmp_path):
    with pytest.raises(MissingOutsideError, match=r"`make ethos-u` builds \.venv-ethos-u"):
        ETHOS_U.find({"LANDMARKS_ETHOS_U_PYTHON": str(tmp_path / "python")})

"""The comparison of quantisers on a drawn network; the quantiser runs where its environment is built."""

import json
import os
import shutil

import cv2
import flatbuffers
import msgspec
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from convert.environments import ETHOS_U
from convert.handover.description import Handover
from convert.stations.manifests import make_manifest
from convert.tflite.file import read_graph
from device.contract.errors import BadInputError, MissingOutsideError
from device.contract.manifest import CodecRule, CropRule, manifest_path_of, write_manifest
from tests.benchmarks.quantizers import (
    BEGIN,
    END,
    FLOAT,
    HEAD,
    QUANTIZER,
    Recipe,
    cost,
    face_errors,
    faces_of,
    files_of,
    forms_of,
    job_of,
    last_layers,
    quantise,
    rows_of,
    times_ms,
    with_rows,
)
from tests.convert.graphs import Drawing, write_tflite
from training.data.sets.sample import Sample

SIDE, POINTS = 16, 5
FIVE = np.array([[24, 24], [40, 24], [32, 32], [26, 40], [38, 40]], np.float32)
"""A face on pictures of 64 pixels."""
SAID = ("name", "scheme", "crop", "codec")
"""What handover.json says of the network."""
HANDOVER = Handover(
    name="drawn",
    scheme="arcface_5",
    crop=CropRule(margin=1.3, size_wh=(SIDE, SIDE), channels="bgr"),
    codec=CodecRule(name="coordinates", stride=SIDE, half_score_px=1.0),
)


def drawn_network():
    """A float32 picture to ten coordinates and a presence: two learnt layers, one table, two learnt ends."""
    rng, drawing = np.random.default_rng(0), Drawing()

    def layer(place, inputs, outputs, values=None):
        weights = rng.normal(0, 1 / np.sqrt(inputs), (outputs, inputs)) if values is None else values
        parts = (place, drawing.constant(weights, "float32"), drawing.constant(np.zeros(outputs), "float32"))
        return drawing.node("FULLY_CONNECTED", parts, (1, outputs), "float32", scaled=False)

    picture = drawing.image(1, SIDE, SIDE, 3, dtype="float32", scaled=False)
    pixels = SIDE * SIDE * 3
    flat = drawing.node(
        "RESHAPE", (picture, drawing.constant([1, pixels])), (1, pixels), "float32", scaled=False
    )
    hidden = layer(layer(flat, pixels, 12), 12, 12)
    presence = layer(hidden, 12, 1)
    landmarks = layer(layer(hidden, 12, 2 * POINTS), 10, 10, np.eye(10))
    return drawing.graph(landmarks, presence)


def write_signed(path, graph):
    """The graph as a file with the signature and the options that a converter writes."""
    write_tflite(path, graph)
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes())
    signed = schema.SignatureDefT()
    signed.signatureKey, signed.subgraphIndex = "serving_default", 0
    main = model.subgraphs[0]
    for node, operator in zip(main.operators, graph.operators, strict=True):
        if operator.name == "FULLY_CONNECTED":
            node.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
            node.builtinOptions = schema.FullyConnectedOptionsT()
    signed.inputs, signed.outputs = (
        [named(f"{kind}_{number}", place) for number, place in enumerate(places)]
        for kind, places in (("input", main.inputs), ("output", main.outputs))
    )
    model.signatureDefs = [signed]
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    path.write_bytes(bytes(builder.Output()))


def named(name, place):
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, int(place)
    return entry


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """A run's folders with a float file and a handover; the rest of a conversion is not there."""
    run = tmp_path_factory.mktemp("run")
    for folder in ("handover", "model/work"):
        (run / folder).mkdir(parents=True)
    rng = np.random.default_rng(1)
    crops = rng.integers(0, 256, (24, SIDE, SIDE, 3), np.uint8)
    names, landmarks = np.arange(24).astype(str), np.repeat(FIVE[None] / 4, 24, axis=0)
    np.savez(run / "handover" / "calibration.npz", crops=crops, names=names)
    np.savez(run / "handover" / "validation.npz", crops=crops, names=names, landmarks_crop=landmarks)
    values = {"schema": 1, **{name: msgspec.to_builtins(getattr(HANDOVER, name)) for name in SAID}}
    (run / "handover" / "handover.json").write_text(json.dumps(values))
    model = run / "model" / "work" / "student_float32.tflite"
    write_signed(model, drawn_network())
    describe(model)
    return job_of(run / "model")


def describe(model):
    """Put the manifest beside a file."""
    write_manifest(make_manifest(model, HANDOVER, "drawn", {}), manifest_path_of(model))


@pytest.fixture(scope="module")
def quantised(job, tmp_path_factory):
    """Every kind of recipe, quantised; without the environment, which CI does not have, it is skipped."""
    try:
        QUANTIZER.versions(QUANTIZER.find(os.environ))
    except MissingOutsideError as error:
        pytest.skip(f"{error}. CI does without: this only feeds a table of convert/README.md")
    last = last_layers(read_graph(job.float_model))
    recipes = [
        Recipe("int8", "int8.tflite"),
        Recipe("averaged", "averaged.tflite", averaged=True),
        Recipe("int16", "int16.tflite", activation_bits=16),
        Recipe("last", "last.tflite", float_names=last),
    ]
    folder = tmp_path_factory.mktemp("quantised")
    quantise(job, HANDOVER, recipes, folder)
    return folder, recipes


def graph_of(quantised, name):
    return read_graph(quantised[0] / name)


def kinds(tensors):
    return [tensor.dtype for tensor in tensors]


def test_the_last_layers_are_the_last_learnt_ones_and_what_follows_them():
    graph = drawn_network()
    made = [node.outputs[0] for node in graph.operators]
    *_, presence, before_the_table, table = made
    names = {graph.tensors[place].name for place in (presence, before_the_table, table)}
    assert set(last_layers(graph)) == names


def test_a_folder_without_a_float_file_is_refused(tmp_path):
    with pytest.raises(BadInputError, match="make convert"):
        job_of(tmp_path / "model")


def test_rows_take_the_place_of_the_same_networks():
    page = f"before\n{BEGIN}head\n---\n| a | int8 | 1 |\n| b | int8 | 2 |\n{END}after\n"
    text = with_rows(page, ["| a | int8 | 3 |"])
    assert "| a | int8 | 1 |" not in text
    assert text.index("| b | int8 | 2 |") < text.index("| a | int8 | 3 |")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert with_rows(text, ["| a | int8 | 3 |"]) == text


def test_the_page_has_the_tables_marks(root):
    text = (root / "convert" / "README.md").read_text()
    assert text.count(BEGIN) == text.count(END) == 1
    assert text.split(BEGIN)[1].startswith(HEAD)


def test_the_cost_is_in_points_face_by_face():
    real = [0.03, 0.05, 0.04, 0.06]
    errors = {FLOAT: real, "int8": [error + 0.001 for error in real]}
    assert cost(errors, "int8") == "+0.100 [+0.100, +0.100]"
    assert cost(errors, FLOAT) == ""


def test_int8_has_the_products_input(quantised):
    graph = graph_of(quantised, "int8.tflite")
    assert kinds([*graph.inputs, *graph.outputs]) == ["int8"] * 3
    assert graph.inputs[0].scales == (1 / 128,)
    assert graph.inputs[0].zero_points == (0,)
    assert {node.name for node in graph.operators} == {"RESHAPE", "FULLY_CONNECTED"}


def test_averaged_ranges_are_narrower(quantised):
    plain, averaged = (graph_of(quantised, name).outputs[0] for name in ("int8.tflite", "averaged.tflite"))
    assert averaged.scales[0] < plain.scales[0]


def test_activations_of_sixteen_bits(quantised):
    graph = graph_of(quantised, "int16.tflite")
    assert kinds([*graph.inputs, *graph.outputs]) == ["int16"] * 3


def test_layers_that_are_named_stay_float_to_the_outputs(quantised):
    graph = graph_of(quantised, "last.tflite")
    assert kinds([*graph.inputs, *graph.outputs]) == ["int8", "float32", "float32"]
    assert [node.name for node in graph.operators].count("DEQUANTIZE") == 1


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Ten faces on pictures of noise."""
    rng, folder = np.random.default_rng(2), tmp_path_factory.mktemp("pictures")
    samples = []
    for number in range(10):
        path = folder / f"{number}.png"
        cv2.imwrite(str(path), rng.integers(0, 256, (64, 64, 3), np.uint8))
        samples.append(Sample(f"drawn/{number}", path, FIVE, "drawn"))
    return samples


def test_sixteen_bits_are_nearer_to_the_float_file_than_eight(job, quantised, samples):
    (folder, recipes), faces = quantised, faces_of(samples, HANDOVER)
    files = files_of(job, recipes, folder)
    assert next(iter(files)) == FLOAT
    forms = forms_of(files, HANDOVER)
    errors = {title: np.array(face_errors(form, HANDOVER, faces)) for title, form in forms.items()}
    assert {len(each) for each in errors.values()} == {10}
    off = {title: np.abs(each - errors[FLOAT]).mean() for title, each in errors.items()}
    assert 0 < off["quantizer: int16"] < off["quantizer: int8"] < 0.1
    assert all(spent > 0 for spent in times_ms(forms, faces.crops[0]).values())


def test_a_row_for_each_file(job, quantised, samples):
    shutil.copy(quantised[0] / "int8.tflite", job.int8_model)
    describe(job.int8_model)
    try:
        ETHOS_U.find(os.environ)
    except MissingOutsideError as error:
        pytest.skip(str(error))
    rows = [row.split(" | ") for row in rows_of(job.out, samples)]
    assert [row[1] for row in rows] == [
        "float32",
        "product: int8",
        "quantizer: int8",
        "quantizer: int8, averaged ranges",
        "quantizer: int16 activations",
        "quantizer: last layers float",
        "quantizer: 10 worst layers float",
    ]
    assert {len(row) for row in rows} == {8}
    by_title = {row[1]: row for row in rows}
    assert by_title["product: int8"][6] == "6 of 6"
    assert by_title["quantizer: last layers float"][6] == "3 of 7"
    assert by_title["quantizer: int8"][3] == by_title["product: int8"][3] != ""

"""Each constraint of the Edge TPU from both sides, and the order in which operators fall to the CPU."""

import json
from dataclasses import replace

import numpy as np
import pytest

from convert.__main__ import main
from convert.edgetpu import rules as edgetpu_rules
from convert.edgetpu.fit import BEHIND, MAPPED, compiled_part, fit_of
from convert.edgetpu.replacements import replacements
from convert.edgetpu.rules import RULES, SUPPORTED, Node, reason_against, rules_page
from convert.edgetpu.versions import HIGHEST_VERSION, unparsable
from convert.tflite.file import read_graph
from device.contract.errors import BadInputError, GateError
from tests.convert.graphs import CODES, Drawing, write_tflite


def alone(name, inputs, shape, **more):
    """The reason against a single operator; `inputs` draws them."""
    drawing = Drawing()
    drawing.node(name, inputs(drawing), shape, **more)
    graph = drawing.graph()
    return reason_against(Node.of(graph, graph.operators[-1]))


def maps(*shape, dtype="int8", scaled=True):
    return lambda drawing: (drawing.image(*shape, dtype=dtype, scaled=scaled),)


def with_parameter(shape, values, place=1):
    def draw(drawing):
        pair = [drawing.image(*shape), drawing.constant(values)]
        return tuple(pair if place else reversed(pair))

    return draw


def convolution(shape, filters, made, name="CONV_2D", **options):
    return alone(name, lambda d: (d.image(*shape), d.weights(*filters), d.constant([0])), made, **options)


def outside_convolution():
    """A plain convolution whose weights lie behind the flatbuffer."""
    drawing = Drawing()
    weights = drawing.weights(4, 3, 3, 4)
    drawing.tensors[weights] = replace(drawing.tensors[weights], outside=True)
    drawing.node("CONV_2D", (drawing.image(*IMAGE), weights, drawing.constant([0])), IMAGE)
    graph = drawing.graph()
    return reason_against(Node.of(graph, graph.operators[-1]))


IMAGE, GROWN = (1, 8, 8, 4), (1, 16, 16, 4)

TAKEN = {
    "an 8-bit sum": alone("ADD", lambda d: (d.image(*IMAGE), d.image(*IMAGE)), IMAGE),
    "uint8": alone("LOGISTIC", maps(*IMAGE, dtype="uint8"), IMAGE, dtype="uint8"),
    "from uint8 to int8": alone("QUANTIZE", maps(*IMAGE, dtype="uint8"), IMAGE),
    "three dimensions": alone("LOGISTIC", maps(7, 8, 9), (7, 8, 9)),
    "five dimensions, two of them 1": alone("LOGISTIC", maps(1, 1, 7, 8, 9), (1, 1, 7, 8, 9)),
    "equal dilation": convolution(IMAGE, (2, 3, 3, 4), IMAGE, dilationWFactor=2, dilationHFactor=2),
    "plain pool": alone("MAX_POOL_2D", maps(*IMAGE), (1, 4, 4, 4), fusedActivationFunction=0),
    "zeros concatenated": alone(
        "CONCATENATION",
        lambda d: (d.image(*IMAGE), d.constant(np.full((1, 8, 8, 1), 3), "int8", 3)),
        (1, 8, 8, 5),
    ),
    "one row": convolution((1, 9), (5, 9), (1, 5), name="FULLY_CONNECTED", weightsFormat=0),
    "mean over x and y": alone("MEAN", with_parameter(IMAGE, [1, 2]), (1, 4)),
    "mean over four channels": alone("MEAN", with_parameter(IMAGE, [-1]), (1, 8, 8)),
    "mean over 64x128": alone("MEAN", with_parameter((1, 64, 128, 3), [1, 2]), (1, 3)),
    "a mean over y of a map without a batch": alone("MEAN", with_parameter((28, 8, 20), [0]), (8, 20)),
    "maps packed above each other": alone(
        "PACK", lambda d: (d.image(8, 4), d.image(8, 4)), (2, 8, 4), axis=0
    ),
    "packed channels": alone("PACK", lambda d: (d.image(8, 4), d.image(8, 4)), (8, 4, 2), axis=-1),
    "padded map": alone("PAD", with_parameter(IMAGE, [[0, 0], [1, 1], [1, 1], [0, 0]]), (1, 10, 10, 4)),
    "split channels": alone("SPLIT", with_parameter(IMAGE, 3, place=0), (1, 8, 8, 2)),
    "slopes of a channel": alone("PRELU", lambda d: (d.image(*IMAGE), d.weights(1, 1, 4)), IMAGE),
    "small reshape": alone("RESHAPE", with_parameter(IMAGE, [1, 256]), (1, 256)),
    "largest reshape of a detector": alone(
        "RESHAPE", with_parameter((1, 40, 40, 810), [1, -1, 90]), (1, 14_400, 90)
    ),
    "y and x of a small map joined": alone(
        "RESHAPE", with_parameter((1, 400, 3, 85), [1, -1, 85]), (1, 1_200, 85)
    ),
    "a transpose of 64x1029": alone(
        "TRANSPOSE", with_parameter((1, 4, 16, 1_029), [0, 2, 1, 3]), (1, 16, 4, 1_029)
    ),
    "small transpose": alone("TRANSPOSE", with_parameter((1, 196, 3, 85), [0, 2, 1, 3]), (1, 3, 196, 85)),
    "small resize": alone("RESIZE_BILINEAR", with_parameter((1, 64, 64, 32), [128, 128]), (1, 128, 128, 32)),
    "small transposed convolution": alone(
        "TRANSPOSE_CONV",
        lambda d: (d.constant([1, 16, 16, 4]), d.weights(4, 2, 2, 4), d.image(*IMAGE)),
        GROWN,
    ),
    "leading ones squeezed": alone("SQUEEZE", maps(1, 1, 5, 10), (5, 10), squeezeDims=[0, 1]),
    "steps of one": alone(
        "STRIDED_SLICE",
        lambda d: (d.image(*IMAGE), d.constant([0, 1, 1, 0]), d.constant([1, 8, 8, 4]), d.constant([1] * 4)),
        (1, 7, 7, 4),
    ),
    "short softmax": alone("SOFTMAX", maps(1, 16_000), (1, 16_000)),
}

REFUSED = {
    "operator_is_not_flex": alone("FlexErf", maps(*IMAGE), IMAGE),
    "operator_is_not_custom": alone(
        "TFLite_Detection_PostProcess", maps(*IMAGE), (1, 10, 4), dtype="float32"
    ),
    "quantize_takes_eight_bits": alone("QUANTIZE", maps(*IMAGE, dtype="float32", scaled=False), IMAGE),
    "sizes_are_constant": alone("RESHAPE", lambda d: (d.image(*IMAGE), d.image(2, dtype="int32")), (1, 256)),
    "tensors_are_eight_bits": alone("DEQUANTIZE", maps(*IMAGE), IMAGE, dtype="float32", scaled=False),
    "constants_are_in_the_flatbuffer": outside_convolution(),
    "operator_is_supported": alone("LEAKY_RELU", maps(*IMAGE), IMAGE),
    "tensors_have_three_dimensions": alone("LOGISTIC", maps(2, 8, 8, 4), (2, 8, 8, 4)),
    "parameters_are_constant": alone(
        "FULLY_CONNECTED", lambda d: (d.image(1, 9), d.image(5, 9), d.constant([0])), (1, 5)
    ),
    "dilation_is_equal": convolution(IMAGE, (2, 3, 3, 4), IMAGE, dilationWFactor=2, dilationHFactor=1),
    "convolution_is_not_grouped": convolution(IMAGE, (4, 3, 3, 2), IMAGE),
    "activation_is_not_fused": alone(
        "AVERAGE_POOL_2D", maps(*IMAGE), (1, 4, 4, 4), fusedActivationFunction=1
    ),
    "concatenated_constant_is_zero": alone(
        "CONCATENATION",
        lambda d: (d.image(*IMAGE), d.constant(np.full((1, 8, 8, 1), 3), "int8", 0)),
        (1, 8, 8, 5),
    ),
    "output_is_one_dimensional": convolution((7, 9), (5, 9), (7, 5), name="FULLY_CONNECTED", weightsFormat=0),
    "batch_is_not_reduced": alone("SUM", with_parameter(IMAGE, [0]), (8, 8, 4)),
    "mean_over_channels_is_of_four": alone("MEAN", with_parameter((1, 8, 8, 6), [3]), (1, 8, 8)),
    "mean_is_over_a_small_map": alone("MEAN", with_parameter((1, 256, 128, 3), [1, 2]), (1, 3)),
    "batch_is_not_packed": alone("PACK", lambda d: (d.image(1, 8, 4),), (1, 1, 8, 4), axis=0),
    "batch_is_not_padded": alone(
        "PAD", with_parameter((1, 8, 8, 1), [[0, 1], [0, 0], [0, 0], [0, 0]]), (1, 8, 8, 1)
    ),
    "batch_is_not_split": alone("SPLIT", with_parameter(IMAGE, 0, place=0), IMAGE),
    "slope_is_per_channel": alone("PRELU", lambda d: (d.image(*IMAGE), d.weights(8, 8, 4)), IMAGE),
    "reshape_is_small": alone("RESHAPE", with_parameter((1, 80, 80, 255), [1, -1, 3, 85]), (1, 6_400, 3, 85)),
    "joined_map_is_small": alone("RESHAPE", with_parameter((1, 3, 784, 85), [1, -1, 85]), (1, 2_352, 85)),
    "transpose_is_small": alone(
        "TRANSPOSE", with_parameter((1, 3, 224, 224), [0, 2, 3, 1]), (1, 224, 224, 3)
    ),
    "transposed_convolution_is_small": alone(
        "TRANSPOSE_CONV",
        lambda d: (d.constant([1, 64, 64, 512]), d.weights(4, 2, 2, 4), d.image(1, 32, 32, 1024)),
        (1, 64, 64, 512),
    ),
    "resized_map_is_small": alone(
        "RESIZE_NEAREST_NEIGHBOR", with_parameter((1, 256, 256, 32), [512, 512]), (1, 512, 512, 32)
    ),
    "resized_map_is_no_point": alone(
        "RESIZE_BILINEAR", with_parameter((1, 1, 1, 256), [33, 33]), (1, 33, 33, 256)
    ),
    "squeezed_dimensions_lead": alone("SQUEEZE", maps(5, 1, 10), (5, 10), squeezeDims=[1]),
    "steps_are_one": alone(
        "STRIDED_SLICE",
        lambda d: (d.image(*IMAGE), d.constant([0] * 4), d.constant([1, 8, 8, 4]), d.constant([1, 2, 2, 1])),
        (1, 4, 4, 4),
    ),
    "softmax_is_short": alone("SOFTMAX", maps(1, 16_001), (1, 16_001)),
}


@pytest.mark.parametrize("what", TAKEN)
def test_the_edge_tpu_takes(what):
    assert TAKEN[what] is None


@pytest.mark.parametrize("name", REFUSED)
def test_each_constraint_refuses_in_the_compilers_words(name):
    rule = next(rule for rule in RULES if rule.name == name)
    assert REFUSED[name] is not None
    assert REFUSED[name].startswith(f"{rule.status}: ")
    assert REFUSED[name].endswith(f"({name})")


def test_every_constraint_is_tested():
    assert set(REFUSED) == {rule.name for rule in RULES}
    assert len(RULES) == 30


def test_every_supported_operator_is_one_of_tflites():
    assert set(SUPPORTED) < set(CODES)
    assert set(HIGHEST_VERSION) < set(CODES)


def test_a_state_that_is_kept_may_have_sixteen_bits():
    drawing = Drawing()
    image = drawing.image(1, 28, 28)
    state = drawing.image(1, 20, dtype="int16")
    drawing.tensors[state] = type(drawing.tensors[state])(
        "state", (1, 20), True, "int16", False, (0.5,), (0,), variable=True
    )
    drawing.node("UNIDIRECTIONAL_SEQUENCE_LSTM", (image, drawing.weights(20, 28), state), (1, 28, 20))
    assert fit_of(drawing.graph()).fully_mapped


def chain(*names, dtype="int8"):
    """Operators one behind the other on one map."""
    drawing = Drawing()
    place = drawing.image(*IMAGE, dtype=dtype, scaled=dtype != "float32")
    for name in names:
        real = name in ("DEQUANTIZE", "TFLite_Detection_PostProcess")
        place = drawing.node(name, (place,), IMAGE, dtype="float32" if real else "int8", scaled=not real)
    return drawing.graph()


def mapped(graph):
    return [verdict.mapped for verdict in fit_of(graph).operators]


def test_what_depends_on_the_cpu_stays_there_even_if_it_would_map():
    fit = fit_of(chain("RELU", "LEAKY_RELU", "RELU", "RELU"))
    assert [verdict.mapped for verdict in fit.operators] == [True, False, False, False]
    assert [verdict.status for verdict in fit.operators] == [
        MAPPED,
        "Operation not supported",
        BEHIND,
        BEHIND,
    ]
    assert (fit.mapped, fit.unmapped, fit.fully_mapped, fit.before_the_cpu) == (1, 3, False, 1)


def test_float_ends_run_on_the_cpu_and_all_between_maps():
    assert mapped(chain("QUANTIZE", "RELU", "LOGISTIC", "DEQUANTIZE", dtype="float32")) == [
        False,
        True,
        True,
        False,
    ]


def test_a_float_head_does_not_count_as_the_first_that_falls_to_the_cpu():
    fit = fit_of(chain("QUANTIZE", "RELU", "LOGISTIC", "DEQUANTIZE", "RELU", dtype="float32"))
    assert fit.before_the_cpu == 2
    assert fit_of(chain("LEAKY_RELU")).before_the_cpu == 0


def test_detections_of_an_ssd_leave_one_operator_to_the_cpu():
    fit = fit_of(chain("RELU", "LOGISTIC", "TFLite_Detection_PostProcess"))
    assert (fit.mapped, fit.unmapped) == (2, 1)
    assert fit.operators[-1].name == "TFLite_Detection_PostProcess"
    assert fit.operators[-1].status == "Operation is working on an unsupported data type"


def test_a_branch_that_does_not_wait_for_the_cpu_maps_wherever_it_stands_in_the_file():
    drawing = Drawing()
    image = drawing.image(*IMAGE)
    first = drawing.node("RELU", (image,), IMAGE)
    left = drawing.node("LEAKY_RELU", (first,), IMAGE)
    right = drawing.node("RELU6", (first,), IMAGE)
    drawing.node("ADD", (left, right), IMAGE)
    assert mapped(drawing.graph()) == [True, False, True, False]


def test_the_first_part_is_kept_though_a_later_one_is_larger():
    assert mapped(chain("RELU", "LEAKY_RELU", *["RELU"] * 9)) == [True] + [False] * 10


def test_an_operator_listed_before_what_it_needs_is_still_found():
    drawing = Drawing()
    image = drawing.image(*IMAGE)
    early = drawing.node("RELU", (image,), IMAGE)
    drawing.node("RELU6", (early,), IMAGE)
    graph = drawing.graph()
    turned = type(graph)(1, graph.tensors, graph.operators[::-1], graph.inputs, graph.outputs)
    assert compiled_part(turned, [True, True]) == {0, 1}


@pytest.mark.parametrize(
    ("name", "version", "words"),
    [
        ("CONV_2D", 6, "builtin opcode 'CONV_2D' version '6'"),
        ("TRANSPOSE_CONV", 4, "builtin opcode 'TRANSPOSE_CONV' version '4'"),
        ("EXP", 2, "builtin opcode 'EXP' version '2'"),
        ("GELU", 1, "builtin_code out of range: 150"),
    ],
)
def test_one_operator_too_new_and_the_compiler_reads_nothing(name, version, words):
    drawing = Drawing()
    image = drawing.node("RELU", (drawing.image(*IMAGE),), IMAGE)
    drawing.node(name, (image,), IMAGE, version=version)
    fit = fit_of(drawing.graph())
    assert fit.mapped == 0
    assert all(words in verdict.reason for verdict in fit.operators)


def test_one_size_that_is_computed_and_the_compiler_gives_up_the_file():
    drawing = Drawing()
    image = drawing.node("RELU", (drawing.image(*IMAGE),), IMAGE)
    shape = drawing.node("SHAPE", (image,), (4,), dtype="int32", scaled=False)
    drawing.node("RESHAPE", (image, shape), (1, 256))
    fit = fit_of(drawing.graph())
    assert fit.mapped == 0
    assert all("only supports static-sized tensors" in verdict.reason for verdict in fit.operators)


def test_numbers_that_are_only_data_leave_the_rest_of_the_file_alone():
    drawing = Drawing()
    image = drawing.node("RELU", (drawing.image(*IMAGE),), IMAGE)
    places = drawing.node("ARG_MAX", (image, drawing.constant([3])), (1, 8, 8), dtype="int64", scaled=False)
    drawing.node("RESHAPE", (places, drawing.constant([64])), (64,), dtype="int64", scaled=False)
    assert mapped(drawing.graph()) == [True, False, False]


def test_versions_at_the_line_are_read():
    drawing = Drawing()
    place = drawing.image(*IMAGE)
    for name, version in HIGHEST_VERSION.items():
        place = drawing.node(name, (place,), IMAGE, version=version)
    assert unparsable(drawing.graph()) is None


def test_parameters_are_counted_where_mapped_operators_read_them():
    drawing = Drawing()
    place = drawing.node("CONV_2D", (drawing.image(*IMAGE), drawing.weights(4, 3, 3, 4)), IMAGE)
    place = drawing.node("LEAKY_RELU", (place,), IMAGE)
    drawing.node("CONV_2D", (place, drawing.weights(4, 3, 3, 4)), (1, 8, 8, 5))
    fit = fit_of(drawing.graph())
    assert fit.parameter_bytes == 4 * 3 * 3 * 4
    assert fit.largest_activation.shape == (1, 8, 8, 5)


def test_friendlier_forms_are_named_for_whole_layers():
    drawing = Drawing()
    image = drawing.image(*IMAGE)
    gate = drawing.node("LOGISTIC", (image,), IMAGE)
    soft = drawing.node("MUL", (image, gate), IMAGE)
    pooled = drawing.node("MEAN", (soft, drawing.constant([1, 2])), (1, 1, 1, 4))
    scaled = drawing.node("MUL", (soft, pooled), IMAGE)
    drawing.node("BATCH_MATMUL", (scaled, soft), IMAGE)
    named = [found.what for found in replacements(drawing.graph())]
    assert named == ["SiLU", "squeeze-excite", "softmax attention"]


def test_the_page_of_rules_is_that_of_the_code(root):
    assert (root / "convert" / "edgetpu" / "EDGETPU_RULES.md").read_text() == rules_page()
    assert root / "convert" / "edgetpu" / "EDGETPU_RULES.md" == edgetpu_rules.RULES_PAGE


def test_the_json_has_the_agreed_keys_and_accounts_for_what_is_behind(tmp_path, capsys):
    path = write_tflite(tmp_path / "model.tflite", chain("RELU", "LEAKY_RELU", "RELU"))
    assert main(["check", str(path), "--target", "edgetpu", "--json"]) == 0
    got = json.loads(capsys.readouterr().out)
    assert set(got) == {"operators", "mapped", "unmapped", "fully_mapped"}
    assert (got["mapped"], got["unmapped"], got["fully_mapped"]) == (1, 2, False)
    assert [set(entry) for entry in got["operators"]] == [{"index", "name", "mapped", "reason"}] * 3
    assert [entry["name"] for entry in got["operators"]] == ["RELU", "LEAKY_RELU", "RELU"]


def test_the_table_for_people_counts_by_status(tmp_path, capsys):
    path = write_tflite(tmp_path / "model.tflite", chain("RELU", "HARD_SWISH", "RELU"))
    assert main(["check", str(path), "--target", "edgetpu"]) == 0
    printed = capsys.readouterr().out
    assert "1 of 3 operators map" in printed
    assert "1 operators run on the Edge TPU before the first that falls to the CPU" in printed
    assert "friendlier: HARD_SWISH (operator 1): ReLU" in printed


def test_the_gate_is_exit_code_4_unless_all_maps(tmp_path):
    whole = write_tflite(tmp_path / "whole.tflite", chain("RELU", "LOGISTIC"))
    assert main(["check", str(whole), "--target", "edgetpu", "--gate"]) == 0
    broken = write_tflite(tmp_path / "broken.tflite", chain("RELU", "LEAKY_RELU"))
    with pytest.raises(GateError) as caught:
        main(["check", str(broken), "--target", "edgetpu", "--gate"])
    assert caught.value.exit_code == 4


def test_a_file_that_is_compiled_already_is_refused(tmp_path):
    path = write_tflite(tmp_path / "model_edgetpu.tflite", chain("edgetpu-custom-op"))
    with pytest.raises(BadInputError, match="compiled for the Edge TPU already"):
        main(["check", str(path), "--target", "edgetpu", "--json"])


def test_more_than_one_subgraph_is_said(tmp_path, capsys):
    path = write_tflite(tmp_path / "model.tflite", chain("RELU"), subgraphs=3)
    assert main(["check", str(path), "--target", "edgetpu"]) == 0
    assert "only the first of 3 subgraphs is judged" in capsys.readouterr().out


def test_an_operator_of_a_tensor_that_is_not_there_is_refused(tmp_path):
    graph = chain("RELU")
    stray = replace(graph.operators[0], inputs=(99,))
    path = write_tflite(tmp_path / "model.tflite", replace(graph, operators=(stray,)))
    with pytest.raises(BadInputError, match="damaged"):
        read_graph(path)


@pytest.mark.parametrize("seed", range(20))
def test_bytes_that_are_changed_by_chance_are_read_or_refused_never_a_traceback(tmp_path, root, seed):
    content = bytearray((root / "device" / "models" / "finder" / "finder.tflite").read_bytes())
    rng = np.random.default_rng(seed)
    # The graph's tables lie at both ends of the file, weights between.
    for place in (*rng.integers(8, 2_000, 4), *rng.integers(len(content) - 40_000, len(content), 12)):
        content[place] = rng.integers(256)
    path = tmp_path / "changed.tflite"
    path.write_bytes(content)
    try:
        fit = fit_of(read_graph(path))
    except BadInputError:
        return
    assert fit.mapped + fit.unmapped == len(fit.operators)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.6, 0.9, 0.99])
def test_a_file_that_is_cut_short_is_refused_in_one_sentence(tmp_path, root, share):
    content = (root / "device" / "models" / "small" / "student.tflite").read_bytes()
    path = tmp_path / "cut.tflite"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(BadInputError, match=r"damaged|no TFLite file"):
        read_graph(path)


@pytest.mark.parametrize("name", [*SUPPORTED, "HARD_SWISH", "BATCH_MATMUL"])
def test_an_operator_without_inputs_or_of_scalars_has_a_verdict_too(name):
    for inputs in ((), (1,), (1, 2)):
        drawing = Drawing()
        drawing.image(1, dtype="int8")
        drawing.image(dtype="int8")
        drawing.constant([0])
        drawing.node(name, inputs, ())
        graph = drawing.graph()
        assert len(fit_of(graph).operators) == 1
        assert isinstance(replacements(graph), list)

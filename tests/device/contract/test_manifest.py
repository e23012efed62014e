import json

import msgspec
import pytest

from device.contract.errors import BadInputError
from device.contract.files import sha256_of
from device.contract.finder_manifest import read_finder_manifest
from device.contract.landmarks import SCHEMES
from device.contract.manifest import (
    MAX_BYTES,
    CodecRule,
    CropRule,
    ModelManifest,
    manifest_path_of,
    read_manifest,
    read_model_manifest,
    write_manifest,
)
from device.contract.tensors import TensorSpec


def a_manifest(**changes):
    values = {
        "name": "tiny",
        "file": "student.tflite",
        "sha256": "0" * 64,
        "scheme": "ibug_68",
        "crop": CropRule(1.3, (128, 128)),
        "input": TensorSpec("image", (1, 128, 128, 3), "int8", 1 / 128, 0),
        "pixel_offset": 128,
        "landmarks_output": TensorSpec("heatmap", (1, 32, 32, 68), "int8", 0.1, -5),
        "presence": TensorSpec("presence", (1, 1), "int8", 0.05, 0),
        "codec": CodecRule("softmax_expectation", 4.0, 6.0),
        "metrics": {"int8_nme": 0.04},
        "provenance": {"source_commit": "abc"},
    }
    return ModelManifest(**{**values, **changes})


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "student.tflite"
    path.write_bytes(b"not really a model")
    write_manifest(a_manifest(sha256=sha256_of(path)), manifest_path_of(path))
    return path


def test_what_is_written_reads_back_equal(model):
    assert read_model_manifest(model) == a_manifest(sha256=sha256_of(model))
    assert read_model_manifest(model).identity == f"tiny@{sha256_of(model)[:8]}"


def test_a_changed_model_is_refused(model):
    model.write_bytes(b"not really the model")
    with pytest.raises(BadInputError, match="damaged or the two are not a pair"):
        read_model_manifest(model)


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(BadInputError, match=r"no model at .*gone\.tflite"):
        read_model_manifest(tmp_path / "gone.tflite")


def test_a_model_without_manifest_is_refused(model):
    manifest_path_of(model).unlink()
    with pytest.raises(BadInputError, match="no manifest at"):
        read_model_manifest(model)


def test_a_manifest_of_another_file_is_refused(model):
    other = model.with_name("other.tflite")
    model.rename(other)
    manifest_path_of(model).rename(manifest_path_of(other))
    with pytest.raises(BadInputError, match=r"is for student\.tflite, got other\.tflite"):
        read_model_manifest(other)


def edited(path, change):
    values = msgspec.to_builtins(a_manifest())
    change(values)
    path.write_text(json.dumps(values))
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.update(schema=2), "schema 2, wanted 1"),
        (lambda v: v.pop("codec"), "codec"),
        (lambda v: v.update(colour="red"), "colour"),
        (lambda v: v.update(scheme="aflw_19"), "'aflw_19', known: ibug_68"),
        (lambda v: v["heatmap"].update(shape=[1, 32, 32, 67]), r"\(1, 32, 32, 67\), .* want 68 maps"),
        (lambda v: v["input"].update(shape=[1, 96, 96, 3]), "its crop rule gives"),
        (lambda v: v["codec"].update(stride=8.0), "cells of stride 8"),
        (lambda v: v["codec"].update(name="argmax"), "codec 'argmax'"),
        (lambda v: v["crop"].update(size_wh=None), r"got `null` - at `\$\.crop\.size_wh`"),
        (lambda v: v["crop"].update(channels="rgb"), "names channels 'rgb', known: bgr"),
        (lambda v: v.update(pixel_offset=127), "pixel_offset 127, an int8 input wants 128"),
        (lambda v: v["presence"].update(shape=[1, 2]), r"presence of shape \(1, 2\), wanted one number"),
        (lambda v: v["presence"].update(scale=0), "int8 tensor presence of scale 0"),
        (lambda v: v["input"].update(dtype="uint8"), r"\$\.input\.dtype"),
        (lambda v: v["codec"].update(half_score_px=0), r"\$\.codec\.half_score_px"),
        (lambda v: v["heatmap"].update(zero_point=True), r"got `bool` - at `\$\.heatmap\.zero_point`"),
    ],
)
def test_a_manifest_that_does_not_fit_says_what_and_what_to_do(tmp_path, change, message):
    path = edited(tmp_path / "student.json", change)
    with pytest.raises(BadInputError, match=message):
        read_manifest(path)


DEEP = "[" * 100_000, '{"a":' * 50_000, '{"schema":1,"provenance":' + "[" * 100_000


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", "null", "{}", "\x00\xff", '{"schema":' + "9" * 5000 + "}", '{"schema":true}', *DEEP],
    ids=range(12),
)
def test_what_is_no_json_object_is_refused(tmp_path, text):
    path = tmp_path / "student.json"
    path.write_text(text)
    with pytest.raises(BadInputError, match=r"student\.json"):
        read_manifest(path)


def test_a_network_of_coordinates_has_a_manifest_too(tmp_path):
    plain = a_manifest(
        landmarks_output=TensorSpec("landmarks", (1, 136), "int8", 1 / 256, 0),
        codec=CodecRule("coordinates", 128.0, 1.0),
    )
    write_manifest(plain, tmp_path / "a.json")
    assert read_manifest(tmp_path / "a.json") == plain


def test_a_damaged_shape_correction_is_refused(tmp_path):
    spoilt = a_manifest(codec=CodecRule("softmax_expectation", 4.0, 6.0, shape="AAAA"))
    write_manifest(spoilt, tmp_path / "a.json")
    with pytest.raises(BadInputError, match=r"3 bytes, wanted 37536 for 68 landmarks; .*make convert"):
        read_manifest(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("codec", "shape", "message"),
    [
        ("coordinates", (1, 135), r"want coordinates \(1, 136\)"),
        ("relu_expectation", (1, 136), "want 68 maps"),
        ("argmax", (1, 32, 32, 68), "known: softmax_expectation, relu_expectation, coordinates"),
    ],
)
def test_a_codec_and_an_output_that_do_not_fit_are_refused(tmp_path, codec, shape, message):
    spoilt = a_manifest(
        landmarks_output=TensorSpec("heatmap", shape, "int8", 0.1, 0), codec=CodecRule(codec, 4.0, 6.0)
    )
    write_manifest(spoilt, tmp_path / "a.json")
    with pytest.raises(BadInputError, match=message):
        read_manifest(tmp_path / "a.json")


ODD = [
    None, True, -1, 0, 1.5, 1e308, 10**18, 10**400, -(2**63), float("nan"), float("inf"), "", "x" * 1000, [],
    {}, [1], ["a"], [[1]], {"a": 1}, [0, 0], [10**12, 10**12], [2**31, 2**31], [float("nan")],
]  # fmt: skip
"""Values that no field takes, or few."""


def places_of(values, where=()):
    """The path of every value in nested JSON."""
    if isinstance(values, dict | list):
        for key, value in values.items() if isinstance(values, dict) else enumerate(values):
            yield (*where, key)
            if key != "provenance":
                yield from places_of(value, (*where, key))


def changed(values, where, value):
    """A copy of nested JSON with another value in one place."""
    copy = json.loads(json.dumps(values))
    *outer, last = where
    inner = copy
    for key in outer:
        inner = inner[key]
    inner[last] = value
    return copy


@pytest.mark.parametrize(
    ("file", "read"), [("small/student.json", read_manifest), ("finder/finder.json", read_finder_manifest)]
)
def test_no_odd_value_in_any_field_is_more_than_one_line_to_its_user(root, tmp_path, file, read):
    values = json.loads((root / "device/models" / file).read_text())
    path, sentences = tmp_path / "student.json", []
    read(root / "device/models" / file)
    for where in places_of(values):
        for odd in ODD:
            path.write_text(json.dumps(changed(values, where, odd)))
            try:
                read(path)
            except BadInputError as error:
                sentences.append(str(error))
    assert len(sentences) > 500
    assert not [sentence for sentence in sentences if "\n" in sentence]


def test_a_manifest_that_is_too_large_or_no_file_is_refused(tmp_path):
    path = tmp_path / "student.json"
    path.write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(BadInputError, match=f"more than {MAX_BYTES} bytes"):
        read_manifest(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(BadInputError, match="a folder is there"):
        read_manifest(path)


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
def test_every_scheme_has_manifests(tmp_path, scheme):
    maps = TensorSpec("heatmap", (1, 32, 32, scheme.count), "int8", 0.1, -5)
    manifest = a_manifest(scheme=scheme.name, landmarks_output=maps)
    write_manifest(manifest, tmp_path / "a.json")
    assert read_manifest(tmp_path / "a.json").landmark_scheme is scheme


@pytest.mark.parametrize("name", ["tiny", "swift", "small", "base"])
def test_a_shipped_manifest_is_written_again_byte_for_byte(root, tmp_path, name):
    shipped = root / "device/models" / name / "student.json"
    write_manifest(read_manifest(shipped), tmp_path / "a.json")
    assert (tmp_path / "a.json").read_bytes() == shipped.read_bytes()

import json

import msgspec
import pytest

from device.contract.errors import BadInputError
from device.contract.files import sha256_of
from device.contract.finder_codec import FinderCodecRule
from device.contract.finder_manifest import FinderManifest, read_finder_model
from device.contract.manifest import manifest_path_of, write_manifest
from device.contract.tensors import TensorSpec


def a_finder(**changes):
    values = {
        "name": "tiny",
        "file": "finder.tflite",
        "sha256": "0" * 64,
        "input": TensorSpec("image", (1, 64, 96, 3), "int8", 1 / 128, 0),
        "pixel_offset": 128,
        "score": TensorSpec("score", (1, 8, 12, 1), "int8", 0.1, 3),
        "box": TensorSpec("box", (1, 8, 12, 4), "int8", 0.02, -5),
        "points": TensorSpec("points", (1, 8, 12, 10), "int8", 0.01, 0),
        "codec": FinderCodecRule("centre_size", 8.0, 16.0, 40.0, 0.5, 0.4),
        "metrics": {"validation_missed": 0.01},
    }
    return FinderManifest(**{**values, **changes})


def write_pair(folder, **changes):
    path = folder / "finder.tflite"
    path.write_bytes(b"not really a finder")
    write_manifest(a_finder(**{"sha256": sha256_of(path), **changes}), manifest_path_of(path))
    return path


def test_what_is_written_reads_back_equal(tmp_path):
    model = write_pair(tmp_path)
    assert read_finder_model(model) == a_finder(sha256=sha256_of(model))
    assert read_finder_model(model).input_wh == (96, 64)


def test_a_changed_model_is_refused(tmp_path):
    model = write_pair(tmp_path)
    model.write_bytes(b"not really the finder")
    with pytest.raises(BadInputError, match="damaged or the two are not a pair"):
        read_finder_model(model)


def test_a_missing_model_and_a_missing_manifest_are_named(tmp_path):
    with pytest.raises(BadInputError, match=r"no model at .*gone\.tflite"):
        read_finder_model(tmp_path / "gone.tflite")
    model = write_pair(tmp_path)
    manifest_path_of(model).unlink()
    with pytest.raises(BadInputError, match="no manifest at"):
        read_finder_model(model)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"score": TensorSpec("score", (1, 8, 12, 4), "int8", 0.1, 0)}, "score of shape"),
        ({"box": TensorSpec("box", (1, 9, 12, 4), "int8", 0.1, 0)}, "box of shape"),
        ({"points": TensorSpec("points", (1, 8, 12, 8), "int8", 0.1, 0)}, "points of shape"),
        ({"input": TensorSpec("image", (1, 64, 96, 1), "int8", 0.1, 0)}, "input of shape"),
        ({"codec": FinderCodecRule("anchors", 8.0, 16.0, 40.0, 0.5, 0.4)}, "codec 'anchors'"),
        ({"codec": FinderCodecRule("centre_size", 8.0, 16.0, 40.0, 1.0, 0.4)}, r"< 1.0.*codec\.least_score"),
        ({"pixel_offset": 127}, "pixel_offset 127, an int8 input wants 128"),
        ({"score": TensorSpec("score", (1, 8, 12, 1), "int8")}, "int8 tensor score of scale 0"),
        ({"letterbox": "centred"}, "letterbox 'centred'"),
        ({"channels": "rgb"}, "channels 'rgb'"),
        ({"task": "landmarks"}, "task 'landmarks'"),
        ({"schema": 2}, "has schema 2, wanted 1"),
        ({"file": "other.tflite"}, r"is for other\.tflite"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused_by_what_does_not(tmp_path, changes, message):
    with pytest.raises(BadInputError, match=message):
        read_finder_model(write_pair(tmp_path, **changes))


def test_an_unknown_and_a_missing_field_are_refused(tmp_path):
    model = write_pair(tmp_path)
    path = manifest_path_of(model)
    values = msgspec.to_builtins(a_finder(sha256=sha256_of(model)))
    path.write_text(json.dumps({**values, "colour": "blue"}))
    with pytest.raises(BadInputError, match="colour"):
        read_finder_model(model)
    path.write_text(json.dumps({key: value for key, value in values.items() if key != "box"}))
    with pytest.raises(BadInputError, match="box"):
        read_finder_model(model)

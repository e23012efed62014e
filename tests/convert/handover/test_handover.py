"""What training hands over is refused, in one sentence, before any work is done on it."""

import copy
import hashlib
import json

import numpy as np
import pytest

from convert.handover.arrays import (
    MINIMUM_CROPS,
    check_apart,
    load_calibration,
    load_reference,
    load_validation,
)
from convert.handover.description import Handover, read_handover
from convert.handover.network import check_network, read_network
from convert.stations.handover import check_folder
from device.contract.errors import BadInputError
from tests.convert.tiny import (
    DESCRIPTION,
    blotches,
    make_network,
    ring_of_landmarks,
    write_crops,
    write_network,
)


@pytest.fixture
def handover(tiny_handover) -> Handover:
    return read_handover(tiny_handover / "handover.json")


def described_with(tmp_path, **changes):
    path = tmp_path / "handover.json"
    path.write_text(json.dumps({**copy.deepcopy(DESCRIPTION), **changes}))
    return path


def test_a_description_gives_the_shapes_that_its_files_must_have(handover):
    assert handover.input_shape == (1, 128, 128, 3)
    assert handover.heatmap_shape == (1, 32, 32, 68)
    assert handover.provenance == {"recipe": "test", "seed": 0}


def test_a_missing_folder_and_each_missing_file_are_named(handover_copy, tmp_path):
    with pytest.raises(BadInputError, match=r"no handover folder at .*nowhere"):
        check_folder(tmp_path / "nowhere")
    (handover_copy / "validation.npz").unlink()
    (handover_copy / "network.onnx").unlink()
    with pytest.raises(BadInputError, match=r"lacks network\.onnx, validation\.npz"):
        check_folder(handover_copy)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"schema": 2}, "schema 2, wanted 1"),
        ({"scheme": "aflw_19"}, "scheme 'aflw_19', known: "),
        ({"crop": {"margin": 1.3}}, "lacks or misnames a field .*size_wh"),
        ({"crop": {"margin": 1.3, "size_wh": [128, 128], "channels": "rgb"}}, "channels 'rgb'"),
        ({"crop": {"margin": 1.3, "size_wh": ["a", 128], "channels": "bgr"}}, "Expected `int`, got `str`"),
        ({"codec": {"name": "argmax", "stride": 4, "half_score_px": 6.0}}, "codec 'argmax'"),
        ({"codec": {"name": "softmax_expectation", "stride": 5, "half_score_px": 6.0}}, "a stride of 5"),
        ({"codec": {"name": "softmax_expectation", "stride": 0, "half_score_px": 6.0}}, r"> 0\.0.*stride"),
        (
            {"codec": {"name": "softmax_expectation", "stride": 4, "half_score_px": 6.0, "shape": "AAAA"}},
            "a shape correction of 3 bytes, wanted 37536",
        ),
    ],
)
def test_a_description_that_cannot_be_used_is_refused(tmp_path, changes, complaint):
    with pytest.raises(BadInputError, match=complaint):
        read_handover(described_with(tmp_path, **changes))


def test_a_description_that_is_not_json_is_refused(tmp_path):
    (tmp_path / "handover.json").write_bytes(b"\xff{")
    with pytest.raises(BadInputError, match="not readable JSON"):
        read_handover(tmp_path / "handover.json")


@pytest.mark.parametrize(
    ("crops", "complaint"),
    [
        (blotches(9, 0)[:, :64], r"crops uint8 \(9, 64, 128, 3\), wanted uint8 \(N, 128, 128, 3\)"),
        (blotches(9, 0).astype(np.float32), "crops float32"),
        (blotches(9, 0)[:0], r"\(0, 128, 128, 3\)"),
        (np.full((20, 128, 128, 3), 127, np.uint8), "0 crops that are not of one constant value"),
        (blotches(MINIMUM_CROPS - 1, 0), f"{MINIMUM_CROPS - 1} crops that are not"),
    ],
)
def test_calibration_crops_of_the_wrong_kind_are_refused(tmp_path, handover, crops, complaint):
    np.savez(tmp_path / "calibration.npz", crops=crops)
    with pytest.raises(BadInputError, match=complaint):
        load_calibration(tmp_path / "calibration.npz", handover)


def test_constant_crops_are_left_out_of_the_calibration(tmp_path, handover):
    varied = blotches(MINIMUM_CROPS, 0)
    crops = np.concatenate([np.zeros_like(varied[:3]), varied])
    np.savez(tmp_path / "calibration.npz", crops=crops)
    assert np.array_equal(load_calibration(tmp_path / "calibration.npz", handover), varied)


def test_an_archive_without_its_array_or_cut_short_is_refused(tiny_handover, tmp_path, handover):
    np.savez(tmp_path / "other.npz", pictures=blotches(9, 0))
    with pytest.raises(BadInputError, match="no readable crops"):
        load_calibration(tmp_path / "other.npz", handover)
    content = (tiny_handover / "calibration.npz").read_bytes()
    (tmp_path / "short.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(BadInputError, match="no readable crops"):
        load_calibration(tmp_path / "short.npz", handover)


def landmarks_with(place, value):
    landmarks = ring_of_landmarks(9)
    landmarks[place] = value
    return landmarks


@pytest.mark.parametrize(
    ("landmarks", "complaint"),
    [
        (ring_of_landmarks(8), r"landmarks_crop \(8, 68, 2\), wanted finite \(9, 68, 2\)"),
        (ring_of_landmarks(9)[:, :51], r"landmarks_crop \(9, 51, 2\)"),
        (landmarks_with((4, 7), np.nan), "wanted finite"),
        (landmarks_with((5, [36, 45]), 60.0), r"a face \(5\) whose outer eye corners fall together"),
    ],
)
def test_true_landmarks_that_cannot_be_measured_against_are_refused(tmp_path, handover, landmarks, complaint):
    np.savez(tmp_path / "validation.npz", crops=blotches(9, 0), landmarks_crop=landmarks)
    with pytest.raises(BadInputError, match=complaint):
        load_validation(tmp_path / "validation.npz", handover)


def test_the_network_is_measured_when_it_is_as_described(tiny_handover, handover):
    path = tiny_handover / "network.onnx"
    facts = check_network(read_network(path), handover, path)
    model = read_network(path)
    # BatchNorm is folded: what remains are the weights and biases of the layers.
    assert facts["parameters"] == sum(
        int(np.prod(weight.dims)) for weight in model.graph.initializer if weight.data_type == 1
    )
    assert facts["output_shapes"] == [[1, 68, 32, 32], [1, 1]]


@pytest.mark.parametrize("content", [b"", b"no model at all"], ids=["empty", "garbage"])
def test_a_file_that_is_no_onnx_model_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "network.onnx").write_bytes(content)
    with pytest.raises(BadInputError, match="no usable ONNX file") as caught:
        read_network(tmp_path / "network.onnx")
    assert "\n" not in str(caught.value)


def test_half_precision_is_refused_before_any_work(tiny_handover, tmp_path, handover):
    import onnx

    model = onnx.load(tiny_handover / "network.onnx")
    weight = next(each for each in model.graph.initializer if each.data_type == onnx.TensorProto.FLOAT)
    model.graph.value_info.append(
        onnx.helper.make_tensor_value_info("half", onnx.TensorProto.FLOAT16, [1, 3])
    )
    with pytest.raises(BadInputError, match=r"half is float16.*model\.float\(\)"):
        check_network(model, handover, tmp_path / "network.onnx")
    del model.graph.value_info[-1]
    halved = onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weight).astype(np.float16), weight.name)
    weight.CopyFrom(halved)
    with pytest.raises(BadInputError, match="is float16"):
        check_network(model, handover, tmp_path / "network.onnx")


def test_weights_in_another_file_are_refused(tiny_handover, tmp_path):
    import onnx

    model = onnx.load(tiny_handover / "network.onnx")
    onnx.save(model, tmp_path / "network.onnx", save_as_external_data=True, size_threshold=0, location="w")
    with pytest.raises(BadInputError, match="keeps weights in another file"):
        read_network(tmp_path / "network.onnx")


def test_a_reference_of_another_number_of_crops_is_refused(tiny_handover, handover):
    with pytest.raises(BadInputError, match=r"wanted \(11, 68, 2\)"):
        load_reference(tiny_handover / "reference.npz", handover, 11)


def test_weights_that_are_not_finite_are_refused(tmp_path, handover):
    network = make_network()
    network.heatmap.bias.data[3] = float("nan")
    write_network(tmp_path / "network.onnx", network)
    with pytest.raises(BadInputError, match=r"not finite \(heatmap\.bias"):
        check_network(read_network(tmp_path / "network.onnx"), handover, tmp_path / "network.onnx")


def test_a_network_of_another_grid_is_refused(tmp_path, tiny_handover):
    fine = {**DESCRIPTION["codec"], "stride": 2}
    handover = read_handover(described_with(tmp_path, codec=fine))
    path = tiny_handover / "network.onnx"
    with pytest.raises(BadInputError, match=r"wanted .* to a heatmap \(1, 68, 64, 64\)"):
        check_network(read_network(path), handover, path)


def test_calibration_on_a_validation_face_is_refused_by_its_hash(handover_copy, handover):
    validation = blotches(12, seed=2)
    write_crops(handover_copy, np.concatenate([blotches(24, seed=1), validation[3:4]]), validation)
    digest = hashlib.sha256(validation[3].tobytes()).hexdigest()[:8]
    with pytest.raises(BadInputError, match=rf"shares 1 crops .*sha256 {digest}.*training faces only"):
        check_apart(handover_copy / "calibration.npz", handover_copy / "validation.npz", handover)


def test_calibration_and_validation_of_other_faces_pass(tiny_handover, handover):
    check_apart(tiny_handover / "calibration.npz", tiny_handover / "validation.npz", handover)


def test_a_network_with_a_dynamic_batch_is_refused(tiny_handover, tmp_path, handover):
    import onnx

    model = onnx.load(tiny_handover / "network.onnx")
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    with pytest.raises(BadInputError, match=r"has a dynamic shape .*wanted fixed sizes with batch 1"):
        check_network(model, handover, tmp_path / "network.onnx")

"""What training hands over is refused, in one sentence, before any work is done on it."""

import copy
import hashlib
import json

import numpy as np
import pytest

from convert.handover.handover import (
    MINIMUM_CROPS,
    Handover,
    check_apart,
    check_folder,
    check_network,
    load_calibration,
    load_validation,
    read_handover,
)
from convert.handover.network import load_network
from device.contract.errors import BadInputError
from tests.convert.tiny import (
    DESCRIPTION,
    SIDE,
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
    (handover_copy / "network.pt2").unlink()
    with pytest.raises(BadInputError, match=r"lacks network\.pt2, validation\.npz"):
        check_folder(handover_copy)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"schema": 2}, "schema 2, wanted 1"),
        ({"scheme": "aflw_19"}, "scheme 'aflw_19', known: "),
        ({"crop": {"margin": 1.3}}, "lacks or misnames a field .*size_wh"),
        ({"crop": {"margin": 1.3, "size_wh": [128, 128], "channels": "rgb"}}, "channels 'rgb'"),
        ({"crop": {"margin": 1.3, "size_wh": ["a", 128], "channels": "bgr"}}, "wanted a stride that divides"),
        ({"codec": {"name": "argmax", "stride": 4, "half_score_px": 6.0}}, "codec 'argmax'"),
        ({"codec": {"name": "softmax_expectation", "stride": 5, "half_score_px": 6.0}}, "a stride of 5"),
        ({"codec": {"name": "softmax_expectation", "stride": 0, "half_score_px": 6.0}}, "a stride of 0"),
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
    with pytest.raises(BadInputError, match="no readable array 'crops'"):
        load_calibration(tmp_path / "other.npz", handover)
    content = (tiny_handover / "calibration.npz").read_bytes()
    (tmp_path / "short.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(BadInputError, match="no readable array 'crops'"):
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
    path = tiny_handover / "network.pt2"
    facts = check_network(load_network(path), handover, path)
    expected = sum(weight.numel() for weight in make_network().parameters())
    assert facts["parameters"] == expected
    assert facts["output_shapes"] == [[1, 68, 32, 32], [1, 1]]


@pytest.mark.parametrize("content", [b"", b"no archive at all"], ids=["empty", "garbage"])
def test_a_file_that_is_no_exported_program_is_refused_without_a_traceback(tmp_path, content, caplog, capfd):
    (tmp_path / "network.pt2").write_bytes(content)
    with pytest.raises(BadInputError, match="no exported program") as caught:
        load_network(tmp_path / "network.pt2")
    assert "\n" not in str(caught.value)
    assert "Traceback" not in caplog.text + capfd.readouterr().err


def test_weights_that_are_not_finite_are_refused(tmp_path, handover):
    network = make_network()
    network.heatmap.bias.data[3] = float("nan")
    write_network(tmp_path / "network.pt2", network)
    with pytest.raises(BadInputError, match=r"not finite \(heatmap\.bias"):
        check_network(load_network(tmp_path / "network.pt2"), handover, tmp_path / "network.pt2")


def test_a_network_of_another_grid_is_refused(tmp_path, tiny_handover):
    fine = {**DESCRIPTION["codec"], "stride": 2}
    handover = read_handover(described_with(tmp_path, codec=fine))
    path = tiny_handover / "network.pt2"
    with pytest.raises(BadInputError, match=r"wanted .* to a heatmap \(1, 68, 64, 64\)"):
        check_network(load_network(path), handover, path)


def test_calibration_on_a_validation_face_is_refused_by_its_hash(handover_copy, handover):
    validation = blotches(12, seed=2)
    write_crops(handover_copy, np.concatenate([blotches(24, seed=1), validation[3:4]]), validation)
    digest = hashlib.sha256(validation[3].tobytes()).hexdigest()[:8]
    with pytest.raises(BadInputError, match=rf"shares 1 crops .*sha256 {digest}.*training faces only"):
        check_apart(handover_copy / "calibration.npz", handover_copy / "validation.npz", handover)


def test_calibration_and_validation_of_other_faces_pass(tiny_handover, handover):
    check_apart(tiny_handover / "calibration.npz", tiny_handover / "validation.npz", handover)


def test_a_network_with_a_dynamic_batch_is_refused(tmp_path, handover):
    import torch

    network, batch = make_network(), torch.export.Dim("batch", max=8)
    program = torch.export.export(
        network, (torch.zeros(2, 3, SIDE, SIDE),), dynamic_shapes={"image": {0: batch}}
    )
    torch.export.save(program, tmp_path / "network.pt2")
    with pytest.raises(BadInputError, match=r"has a dynamic shape .*wanted fixed sizes with batch 1"):
        check_network(load_network(tmp_path / "network.pt2"), handover, tmp_path / "network.pt2")

import dataclasses
import json

import numpy as np
import pytest
import torch

from device.contract.errors import RefusedError
from device.contract.provenance import Source
from tests.training.engine.test_loop import tiny_parts, tiny_settings
from training.data.crops import CropSet
from training.engine.loop import Loop
from training.export import handover, handover_faces


def test_a_finished_run_is_handed_over_whole(tmp_path, monkeypatch):
    run = tmp_path / "tiny"
    Loop(tiny_parts(run)).run()
    crops = CropSet(
        np.zeros((3, 32, 32, 3), np.uint8),
        np.random.default_rng(0).uniform(0, 32, (3, 68, 2)).astype(np.float32),
        ["a", "b", "c"],
        ["t"] * 3,
    )
    faces = handover_faces.HandoverFaces(crops, crops, [], 12)
    monkeypatch.setattr(handover, "handover_faces", lambda *_: faces)
    folder = handover.write_handover(run, "small", None, tmp_path)
    assert {path.name for path in folder.iterdir()} == {
        "network.onnx", "calibration.npz", "validation.npz", "reference.npz", "handover.json",
    }  # fmt: skip
    values = json.loads((folder / "handover.json").read_text())
    assert (values["name"], values["scheme"]) == ("small", "ibug_68")
    assert values["crop"] == {"margin": 1.3, "size_wh": [32, 32], "channels": "bgr"}
    assert values["codec"]["stride"] == 4
    assert values["provenance"]["images_seen"] == tiny_settings().optimiser.images
    assert values["presence_learnt"] is True


def test_scores_are_fitted_to_faces_of_the_set_that_counts_however_few_set_the_ranges(monkeypatch):
    def crops_of(*kinds):
        count = len(kinds)
        empty = np.zeros((count, 8, 8, 3), np.uint8), np.zeros((count, 68, 2), np.float32)
        return CropSet(*empty, [f"{number}" for number in range(count)], list(kinds))

    mixed, counts = crops_of("rendered", "300w", "rendered", "ground"), crops_of("300w")
    assert len(handover_faces.HandoverFaces(mixed, counts, [], 4).trusted_crops(1.3, 8)) == 1
    monkeypatch.setattr(handover_faces, "cut_crops", lambda samples, *_: crops_of(*["300w"] * len(samples)))
    trusted = handover_faces.HandoverFaces(mixed, counts, [object()] * 1000, 1002)
    assert len(trusted.trusted_crops(1.3, 8)) == handover_faces.CALIBRATION_CROPS


def test_a_network_that_met_faces_alone_is_handed_over_with_faces_alone(tmp_path):
    settings = tiny_settings()
    data = dataclasses.replace(settings.data, kind="synthetic", faces=4)
    for off_face, kinds in ((0.06, {"drawn", "ground"}), (0.0, {"drawn"})):
        augment = dataclasses.replace(settings.augment, off_face=off_face, background=0.0)
        run = dataclasses.replace(settings, data=data, augment=augment)
        faces = handover_faces.handover_faces(run, None, tmp_path)
        assert {"ground" if name == "ground" else "drawn" for name in faces.calibration.sources} == kinds


def test_the_exported_network_and_its_reference_are_the_averaged_one(tmp_path, monkeypatch):
    import onnxruntime

    from training.engine.checkpoint import load_network

    run = tmp_path / "tiny"
    Loop(tiny_parts(run)).run()
    model, _ = load_network(run / "network.pt")
    crops = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    written = CropSet(crops, np.ones((3, 68, 2), np.float32), ["a", "b", "c"], ["t"] * 3)
    monkeypatch.setattr(
        handover, "handover_faces", lambda *_: handover_faces.HandoverFaces(written, written, [], 12)
    )
    folder = handover.write_handover(run, "small", None, tmp_path)
    image = (crops.transpose(0, 3, 1, 2).astype(np.float32) - 128) / 128
    with torch.no_grad():
        maps, presence = (output.numpy() for output in model(torch.from_numpy(image)))
    session = onnxruntime.InferenceSession(folder / "network.onnx")
    for number in range(3):
        heatmap, logit = session.run(None, {"image": image[number : number + 1]})
        assert np.allclose(heatmap[0], maps[number], atol=1e-5)
        assert np.allclose(logit[0], presence[number], atol=1e-5)
    with np.load(folder / "reference.npz", allow_pickle=False) as reference:
        assert np.allclose(reference["presence"], presence.ravel(), atol=1e-5)
        # The softmax expectation, written out: a cell's centre is the middle of its 4 x 4 pixels.
        mass = np.exp(maps - maps.max((2, 3), keepdims=True))
        centres = np.arange(8) * 4 + 1.5
        x = (mass.sum(2) * centres).sum(2) / mass.sum((2, 3))
        assert np.allclose(reference["landmarks_crop"][..., 0], x, atol=1e-3)


def test_faceless_crops_follow_the_faces():
    faces = CropSet(np.zeros((2, 8, 8, 3), np.uint8), np.ones((2, 68, 2), np.float32), ["a", "b"], ["t"] * 2)
    both = handover_faces.with_grounds(faces, [np.full((8, 8, 3), 9, np.uint8)])
    assert both.crops[:, 0, 0, 0].tolist() == [0, 0, 9]
    assert both.names == ["a", "b", "ground/0"]
    assert np.isnan(both.landmarks_crop[2]).all()


def handed_over(tmp_path, monkeypatch, name, kind, *learnt):
    """The sources of a finished run's handover, whose integer ranges are set by faces of a set."""
    run = tmp_path / "tiny"
    Loop(dataclasses.replace(tiny_parts(run), sources=learnt)).run()
    crops = CropSet(
        np.zeros((3, 32, 32, 3), np.uint8),
        np.random.default_rng(0).uniform(0, 32, (3, 68, 2)).astype(np.float32),
        ["a", "b", "c"],
        [kind] * 3,
    )
    faces = handover_faces.HandoverFaces(crops, crops, [], 12)
    monkeypatch.setattr(handover, "handover_faces", lambda *_: faces)
    folder = handover.write_handover(run, name, None, tmp_path)
    return {
        (source["name"], source["used_as"])
        for source in json.loads((folder / "handover.json").read_text())["provenance"]["sources"]
    }


HEADS = Source("VALID avatars", "MIT", "ab", "training")


def test_an_open_model_lists_what_taught_it_and_what_set_its_ranges(tmp_path, monkeypatch):
    sources = handed_over(tmp_path, monkeypatch, "open-tiny", "drawn", HEADS)
    assert sources == {("VALID avatars", "training"), ("drawn heads", "integer ranges")}


def test_an_open_model_taught_by_a_research_set_is_refused(tmp_path, monkeypatch):
    learnt = Source("300-W", "research only", "cd", "training")
    with pytest.raises(RefusedError, match="open-tiny was taught by 300-W"):
        handed_over(tmp_path, monkeypatch, "open-tiny", "drawn", HEADS, learnt)
    assert ("300-W", "training") in handed_over(tmp_path, monkeypatch, "tiny", "drawn", HEADS, learnt)


def test_an_open_model_whose_ranges_a_research_set_sets_is_refused(tmp_path, monkeypatch):
    with pytest.raises(RefusedError, match=r"300-W .*integer ranges"):
        handed_over(tmp_path, monkeypatch, "open-tiny", "300w", HEADS)

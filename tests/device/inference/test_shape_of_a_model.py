"""The shape correction that a manifest holds is what the landmarks of its model go through."""

import shutil

import msgspec
import numpy as np
import pytest

from device.contract.manifest import manifest_path_of, read_model_manifest, write_manifest
from device.contract.shape import ShapeCorrection, correction_of
from device.inference.network import LandmarkNetwork


def decoded(model, crop):
    network = LandmarkNetwork(model)
    network.infer(crop)
    return network.decode().landmarks_crop


def with_shape(model, folder, text):
    """A copy of a shipped model under another correction."""
    copy = folder / model.name
    shutil.copy(model, copy)
    manifest = read_model_manifest(model)
    rule = msgspec.structs.replace(manifest.codec, shape=text)
    write_manifest(msgspec.structs.replace(manifest, codec=rule), manifest_path_of(copy))
    return copy


def test_landmarks_are_corrected_by_the_manifests_shape(root, tmp_path):
    model = root / "device" / "models" / "tiny" / "student.tflite"
    side = read_model_manifest(model).crop.size_wh[0]
    crop = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    plain = decoded(with_shape(model, tmp_path, ""), crop)
    numbers = np.zeros((136, 138))
    numbers[:, 0] = np.random.default_rng(1).uniform(-0.5, 0.5, 136)
    numbers[:, 1] = 0.1
    text = ShapeCorrection(numbers).to_text()
    got = decoded(with_shape(model, tmp_path, text), crop)
    assert got == pytest.approx(correction_of(text, 68)(plain))
    assert np.abs(got - plain).min() > 0

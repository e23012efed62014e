import cv2
import numpy as np
import pytest

from device.contract.errors import BadInputError
from training.data import pack as packs
from training.data.pack import cut_background, cut_face, load_pack
from training.data.sets.sample import Sample


@pytest.fixture
def samples(tmp_path):
    """Two faces in one wide photograph, bright discs on noise, landmarks on their rims."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 80, (300, 600, 3), dtype=np.uint8)
    faces = []
    for number, center in enumerate([(120, 150), (420, 140)], start=1):
        cv2.circle(image, center, 40, (250, 250, 250), -1)
        angles = np.linspace(0, 2 * np.pi, 68, endpoint=False)
        rim = np.stack([np.cos(angles), np.sin(angles)], axis=1) * 40 + center
        faces.append((f"photo_{number}", rim.astype(np.float32)))
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), image)
    return [Sample(f"300w/{name}", path, landmarks, "300w") for name, landmarks in faces]


def test_a_face_lies_in_the_middle_of_its_cut_at_the_stated_size(samples):
    crop, landmarks = cut_face(samples[0], context=2.6, side=104)
    assert np.ptp(landmarks, axis=0) == pytest.approx([40, 40], abs=0.1)
    assert landmarks.mean(axis=0) == pytest.approx([51.5, 51.5], abs=0.1)
    assert crop[52, 52].min() > 240


def test_ground_shows_no_labelled_face(samples):
    boxes = [sample.box for sample in samples]
    grounds = [cut_background(sample, boxes, 64) for sample in samples]
    assert any(ground is not None for ground in grounds)
    for ground in grounds:
        assert ground is None or ground.max() < 200


def test_a_pack_is_cut_once_and_read_back_the_same(samples, tmp_path, monkeypatch):
    first = load_pack(samples, 2.0, 96, tmp_path / "cache", workers=1)
    monkeypatch.setattr(packs, "_write_pack", None)
    again = load_pack(samples, 2.0, 96, tmp_path / "cache")
    assert first.images.shape == (2, 96, 96, 3)
    assert (first.images == again.images).all()
    assert (first.landmarks == again.landmarks).all()
    assert again.names == ["300w/photo_1", "300w/photo_2"]
    assert again.sources == ["300w", "300w"]


def test_other_labels_make_another_pack(samples, tmp_path):
    load_pack(samples, 2.0, 64, tmp_path, workers=1)
    moved = [Sample(s.name, s.path, s.landmarks + 1, s.source) for s in samples]
    load_pack(moved, 2.0, 64, tmp_path, workers=1)
    assert len(list(tmp_path.glob("faces-*.npz"))) == 2


def test_a_damaged_picture_is_named(samples, tmp_path):
    samples[0].path.write_bytes(b"no picture")
    with pytest.raises(BadInputError, match=r"photo\.png cannot be read"):
        load_pack(samples, 2.0, 64, tmp_path, workers=1)
    assert list(tmp_path.glob("faces-*.npz")) == []

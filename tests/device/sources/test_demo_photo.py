"""The demo's photograph: taken out of the scikit-image wheel, without importing it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.contract.errors import BadInputError, MissingOutsideError
from device.sources.demo_photo import SHAPE, load_photo, main, read_original, take_out


def test_the_photograph_taken_out_shows_what_the_wheel_holds(tmp_path: Path) -> None:
    take_out(read_original(), tmp_path / "assets" / "photo.jpg")
    photo = load_photo(tmp_path / "assets" / "photo.jpg")
    original = cv2.imdecode(np.frombuffer(read_original(), np.uint8), cv2.IMREAD_COLOR)
    assert photo.shape == original.shape == SHAPE
    assert np.abs(photo.astype(int) - original).mean() < 2


def test_a_missing_photograph_is_said_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(MissingOutsideError, match=r"make it with `python -m device\.sources\.demo_photo"):
        load_photo(tmp_path / "photo.jpg")


def test_a_damaged_photograph_is_said_too(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"no picture")
    with pytest.raises(MissingOutsideError):
        load_photo(tmp_path / "photo.jpg")


def test_another_picture_in_its_place_is_refused(tmp_path: Path) -> None:
    small = cv2.imencode(".png", np.zeros((4, 4, 3), np.uint8))[1].tobytes()
    with pytest.raises(BadInputError, match=r"of shape \(4, 4, 3\), wanted \(512, 512, 3\)"):
        take_out(small, tmp_path / "photo.jpg")
    assert not (tmp_path / "photo.jpg").exists()


def test_neither_the_demo_nor_the_search_imports_scikit_image() -> None:
    code = (
        "import sys, device.sources, device.sources.demo_photo; device.sources.demo_photo.read_original(); "
        "print([name for name in sys.modules if name.startswith('skimage')])"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_the_photograph_is_taken_out_of_a_wheel_that_is_not_installed(tmp_path, monkeypatch) -> None:
    wheel = tmp_path / "scikit_image-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("skimage/data/astronaut.png", read_original())
    monkeypatch.setattr("device.sources.demo_photo.PHOTO", tmp_path / "photo.jpg")
    assert main([str(wheel)]) == 0
    assert load_photo(tmp_path / "photo.jpg").shape == SHAPE


def test_a_wheel_without_the_photograph_is_refused_by_name(tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "empty.whl", "w") as archive:
        archive.writestr("other.py", "")
    for name in ("empty.whl", "missing.whl"):
        with pytest.raises(BadInputError, match=rf"{name}: no skimage/data/astronaut\.png in it"):
            read_original(tmp_path / name)

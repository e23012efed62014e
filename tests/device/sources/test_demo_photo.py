"""The demo's photograph: taken out of the scikit-image wheel, without importing it."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.contract.errors import BadInputError, MissingOutsideError
from device.sources.demo_photo import SHAPE, find_original, load_photo, take_out


def test_the_photograph_taken_out_shows_what_the_wheel_holds(tmp_path: Path) -> None:
    take_out(find_original(), tmp_path / "assets" / "photo.jpg")
    photo = load_photo(tmp_path / "assets" / "photo.jpg")
    original = cv2.imread(str(find_original()))
    assert photo.shape == original.shape == SHAPE
    assert np.abs(photo.astype(int) - original).mean() < 2


def test_a_missing_photograph_is_said_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(MissingOutsideError, match=r"make it with `python -m device\.demo_photo`"):
        load_photo(tmp_path / "photo.jpg")


def test_a_damaged_photograph_is_said_too(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"no picture")
    with pytest.raises(MissingOutsideError):
        load_photo(tmp_path / "photo.jpg")


def test_another_picture_in_its_place_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(BadInputError, match=r"has shape \(4, 4, 3\), wanted \(512, 512, 3\)"):
        take_out(tmp_path / "small.png", tmp_path / "photo.jpg")
    assert not (tmp_path / "photo.jpg").exists()


def test_neither_the_demo_nor_the_search_imports_scikit_image() -> None:
    code = (
        "import sys, device.sources, device.sources.demo_photo; device.sources.demo_photo.find_original(); "
        "print([name for name in sys.modules if name.startswith('skimage')])"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"

"""Handover folders of a tiny network, and the converter's environment where there is one."""

import os
import shutil
from pathlib import Path

import pytest

from convert.onnx_to_tflite import find_converter
from device.contract.errors import MissingOutsideError
from tests.convert.tiny import make_network, write_handover


@pytest.fixture(scope="session")
def tiny_handover(tmp_path_factory) -> Path:
    """A complete and valid handover folder; only to be read."""
    return write_handover(tmp_path_factory.mktemp("handover"), make_network())


@pytest.fixture
def handover_copy(tiny_handover, tmp_path) -> Path:
    """A handover folder of the test's own, to be spoilt."""
    folder = tmp_path / "handover"
    folder.mkdir()
    for file in tiny_handover.iterdir():
        shutil.copyfile(file, folder / file.name)
    return folder


@pytest.fixture(scope="session")
def converter() -> Path:
    """The interpreter with onnx2tf; without it tests are skipped, but never in CI, which has it."""
    try:
        return find_converter(os.environ)
    except MissingOutsideError as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI must convert: {error}")
        pytest.skip(str(error))

"""Handover folders of a tiny network, and the converter's environment where there is one."""

import os
import shutil
from pathlib import Path

import pytest

from convert.__main__ import main
from convert.stations.onnx2tf import find_converter
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


@pytest.fixture(scope="session")
def converted(tiny_handover, tmp_path_factory, converter):
    """OUT of one conversion; every download would meet a closed port."""
    out = tmp_path_factory.mktemp("model")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            patch.setenv(name, "http://127.0.0.1:9")
        patch.setenv("LANDMARKS_CONVERT_PYTHON", str(converter))
        assert (
            main(["run", str(tiny_handover), "--out", str(out), "--int8-budget", "1", "--max-error", "1000"])
            == 0
        )
    return out


@pytest.fixture
def out_copy(converted, tmp_path):
    """An OUT of the test's own; records are relative, so it is as up to date as the original."""
    return shutil.copytree(converted, tmp_path / "model")

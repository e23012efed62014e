"""What the tests of firmware_config need of the machine; in CI a missing program is a failure, not a skip."""

import os

import pytest

from tests.firmware_config.stock import make_small_payload, make_stock
from tests.needs import need

NEEDED = ("mcopy", "mformat", "sfdisk", "mke2fs", "bmaptool", "zstd", "xz", "ssh-keygen", "lsblk", "losetup")


def do_without(reason):
    """Skip with a reason; fail in CI, which has all that can be had."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, in CI")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def image_tools():
    """Programs that images are made with."""
    need(*NEEDED)


@pytest.fixture
def trixie(tmp_path, image_tools):
    """A stock image of trixie's layout."""
    return make_stock(tmp_path / "raspios-trixie.img")


@pytest.fixture
def bookworm(tmp_path, image_tools):
    """A stock image of bookworm's layout."""
    return make_stock(tmp_path / "raspios-bookworm.img", "bookworm")


@pytest.fixture
def payload(tmp_path, image_tools):
    """A payload with one file."""
    tree = tmp_path / "payload-tree"
    tree.mkdir()
    (tree / "RELEASE").write_text("0.0.0-test\n")
    out = tmp_path / "payload"
    out.mkdir()
    return make_small_payload(out, tree)

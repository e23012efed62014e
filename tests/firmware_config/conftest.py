"""What the tests of firmware_config need of the machine; in CI a missing program is a failure, not a skip."""

import os
import shutil

import pytest

from tests.firmware_config.stock import make_small_payload, make_stock

NEEDED = ("mcopy", "mformat", "sfdisk", "mke2fs", "bmaptool", "zstd", "xz", "ssh-keygen", "lsblk", "losetup")


def missing_programs(names):
    return [name for name in names if not (shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin"))]


def need(*names):
    """Skip loudly where a program is not installed; fail in CI."""
    missing = missing_programs(names)
    if missing:
        do_without(f"not installed: {', '.join(missing)}")


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

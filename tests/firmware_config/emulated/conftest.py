"""Trees of Debian for aarch64, unpacked once for all tests of this folder."""

import os

import pytest

from firmware_config.wheels import SYSTEMS
from tests.firmware_config.emulated.tree import install
from tests.needs import need


@pytest.fixture(scope="session", autouse=True)
def _machine():
    if os.environ.get("LANDMARKS_TEST_PI") != "1":
        pytest.skip("unpacks Debian for another processor and emulates it: run `make test-pi`")
    need("mmdebstrap")
    if os.geteuid() != 0:
        pytest.skip("mmdebstrap and chroot want root: sudo make test-pi")


@pytest.fixture(scope="session", params=SYSTEMS, ids=lambda system: system.codename)
def installed(request, tmp_path_factory):
    """A tree with the locked wheels and the device's own, and the system that it is."""
    system = request.param
    return install(system, tmp_path_factory.mktemp("emulated")), system

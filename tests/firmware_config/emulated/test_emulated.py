"""The locked aarch64 wheels and the shipped models on Debian's own Pythons, under qemu-user.

No kernel and no emulated installation: Debian's packages are only unpacked, pip lays the wheels beside
them, and the emulated Python runs the self-test's golden crops. Says whether it loads and computes the same,
nothing of speed. `make test-pi`; a minute or two when the trees are cached.
"""

import json
import os
import shutil
import subprocess
import sys

import pytest

from firmware_config.payload import PROJECT, build_device_wheel
from firmware_config.tools import find_tool
from firmware_config.wheels import SYSTEMS, download, platform_flags
from tests.firmware_config.double.build import CACHE, cached_tar, run
from tests.needs import need

pytestmark = [pytest.mark.emulated, pytest.mark.timeout(1800)]

PACKAGES = ["python3", "python3-numpy", "libblas3", "liblapack3", "libpython3-stdlib", "libstdc++6"]

LIBRARIES = "/usr/lib/aarch64-linux-gnu/blas:/usr/lib/aarch64-linux-gnu/lapack"
"""Where Debian's numpy finds what its packages would have linked when they were configured."""

PROCESSORS = {"cortex-a72": "0xd08", "cortex-a76": "0xd0b"}
"""A Pi 4's and a Pi 5's, with their part numbers. XNNPACK takes other kernels on each."""

CORE = """processor\t: {number}
BogoMIPS\t: 108.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: {part}
CPU revision\t: 3

"""
"""Of /proc/cpuinfo."""

PROGRAM = """
import json, sys
import cv2, numpy, orjson, cbor2, paho.mqtt.client
from device.checks.selftest.golden import check_golden, shipped_files
checks = [check for model in shipped_files() for check in check_golden(model)]
print(json.dumps({
    "python": sys.version_info[:2], "numpy": numpy.__version__, "numpy_file": numpy.__file__,
    "cv2": cv2.__version__,
    "golden": {check.name: [check.passed, check.got] for check in checks},
}))
"""


@pytest.fixture(scope="module", autouse=True)
def _machine():
    if os.environ.get("LANDMARKS_TEST_PI") != "1":
        pytest.skip("unpacks Debian for another processor and emulates it: run `make test-pi`")
    need("mmdebstrap", "qemu-aarch64-static")
    if os.geteuid() != 0:
        pytest.skip("mmdebstrap and chroot want root: sudo make test-pi")


def show_processor(tree, name):
    """What the kernel would show of four cores. Without it the runtime does without XNNPACK."""
    cores, processes = tree / "sys/devices/system/cpu", tree / "proc"
    for folder in (cores, processes):
        folder.mkdir(parents=True, exist_ok=True)
    for file in ("possible", "present"):
        (cores / file).write_text("0-3\n")
    lines = (CORE.format(number=number, part=PROCESSORS[name]) for number in range(4))
    (processes / "cpuinfo").write_text("".join(lines))


@pytest.fixture(scope="module", params=SYSTEMS, ids=lambda system: system.codename)
def installed(request, tmp_path_factory):
    """A tree with the locked wheels and the device's own, and the system that it is."""
    system, folder = request.param, tmp_path_factory.mktemp("emulated")
    tree, wheels = folder / "tree", folder / "wheels"
    tree.mkdir()
    wheels.mkdir()
    tar = cached_tar(CACHE, "extract", PACKAGES, suite=system.codename)
    run("tar", "--extract", "--file", tar, "--directory", tree)
    # From trixie on all of libc lies below /usr, and the link that an installation would make is missing.
    if not (tree / "lib").exists():
        (tree / "lib").symlink_to("usr/lib")
    download(PROJECT, system, wheels)
    build_device_wheel(wheels)
    packages = tree / "opt/installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile"]
    target = ["--target", packages, *platform_flags(system)]
    lock = PROJECT / "requirements" / system.lock_name
    run(*pip, *target, "--require-hashes", "--find-links", wheels, "--requirement", lock)
    run(*pip, *target, next(wheels.glob("landmarks-*.whl")))
    emulator = tree / "usr/bin/qemu-aarch64-static"
    shutil.copy(f"/usr/bin/{emulator.name}", emulator)
    return tree, system


@pytest.mark.parametrize("processor", PROCESSORS)
def test_shipped_models_give_the_golden_outputs(installed, processor):
    tree, system = installed
    show_processor(tree, processor)
    python = ["/usr/bin/qemu-aarch64-static", "-cpu", processor, f"/usr/bin/python{system.python}"]
    done = subprocess.run(
        [find_tool("chroot"), tree, *python, "-c", PROGRAM],
        env={"PYTHONPATH": "/opt/installed", "LD_LIBRARY_PATH": LIBRARIES, "PATH": "/usr/bin", "HOME": "/"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    print(f"\n{system.codename}, {processor}: {json.dumps(found)}")
    assert found["numpy"] == system.numpy
    assert found["numpy_file"].startswith("/usr/lib/python3/dist-packages/")
    assert len(found["golden"]) >= 2
    assert all(passed for passed, _ in found["golden"].values()), found["golden"]

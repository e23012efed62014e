"""The locked aarch64 wheels and the shipped models on Debian's own Pythons, under qemu-user.

No kernel and no emulated installation: Debian's packages are only unpacked, pip lays the wheels beside
them, and the emulated Python runs the self-test's golden crops. Says whether it loads and computes the same,
nothing of speed. `make test-pi`; a minute or two when the trees are cached.
"""

import json
import shutil
import subprocess

import pytest

from firmware_config.tools import find_tool
from tests.firmware_config.emulated.tree import LIBRARIES, PROCESSORS, show_processor
from tests.needs import need

pytestmark = [pytest.mark.emulated, pytest.mark.timeout(1800)]

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


@pytest.mark.parametrize("processor", PROCESSORS)
def test_shipped_models_give_the_golden_outputs(installed, processor):
    tree, system = installed
    need("qemu-aarch64-static")
    emulator = tree / "usr/bin/qemu-aarch64-static"
    shutil.copy(f"/usr/bin/{emulator.name}", emulator)
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

"""A tracked frame takes a Pi's processors the instructions that it took, stage by stage."""

import json
import shutil
import subprocess

import pytest

from tests.firmware_config.emulated.instructions import EMULATOR, FIGURES, count
from tests.firmware_config.emulated.tree import PROCESSORS
from tests.needs import need

pytestmark = [pytest.mark.emulated, pytest.mark.timeout(1800)]

TOLERANCE = 0.03


@pytest.fixture(scope="module", autouse=True)
def _emulator():
    need("gcc")
    if shutil.which(EMULATOR) is None:
        pytest.skip(f"not installed: {EMULATOR}; apt-get install qemu-user")
    options = subprocess.run([EMULATOR, "-help"], capture_output=True, text=True, check=False).stdout
    if "-plugin" not in options:
        pytest.skip(f"this {EMULATOR} takes no plugins")


@pytest.mark.parametrize("processor", PROCESSORS)
def test_every_stage_takes_what_it_took(installed, processor, tmp_path):
    tree, system = installed
    counted = count(tree, system, processor, tmp_path)
    print(f"\n{system.codename}, {processor}: {json.dumps(counted)}")
    noted = json.loads(FIGURES.read_text())[system.codename][processor]
    assert counted == pytest.approx(noted, rel=TOLERANCE), (
        "where this is meant, write the figures anew: python -m tests.firmware_config.emulated.instructions"
    )

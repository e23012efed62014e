"""A missing package is skipped with the command that installs it; CI and CONTRIBUTING name the same."""

import os
import re
import subprocess
import sys

from tests.packages import LIBRARIES, PROGRAMS

TESTS = """
import subprocess
import pytest
from device.contract.errors import MissingOutsideError
from tests.needs import need

def test_that_runs_a_missing_program():
    subprocess.run(["mosquitto_passwd", "x"], env={"PATH": "/nowhere"}, check=True)

def test_that_asks_first():
    need("chromium-of-no-machine")

def test_whose_program_names_the_package():
    raise MissingOutsideError("sfdisk is not installed: apt-get install fdisk (macOS: brew)")

def test_with_a_fault_of_its_own():
    open("/nowhere/at/all")

def test_that_is_skipped_for_another_reason():
    pytest.skip("no data")
"""


def run_tests(tmp_path, root, ci):
    (tmp_path / "test_small.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.needs", "-p", "no:cacheprovider", "-rs"]
    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(root), "PATH": "/nowhere"}
    done = subprocess.run(
        [*command, "-c", os.devnull, "--rootdir", tmp_path, tmp_path / "test_small.py"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout


def test_what_is_missing_is_skipped_and_listed_with_the_command_that_installs_it(tmp_path, root):
    said = run_tests(tmp_path, root, ci="")
    assert "1 failed, 4 skipped" in said
    assert "No such file or directory: '/nowhere/at/all'" in said
    assert "install these to run the other 3 tests" in said
    assert "apt-get install --no-install-recommends chromium-of-no-machine fdisk mosquitto\n" in said


def test_in_ci_what_is_missing_is_a_failure(tmp_path, root):
    assert "4 failed, 1 skipped" in run_tests(tmp_path, root, ci="true")


def test_contributing_names_every_package_that_tests_need(root):
    (line,) = re.findall(
        r"apt-get install --no-install-recommends ([a-z0-9+. -]+)", (root / "CONTRIBUTING.md").read_text()
    )
    assert line.split() == sorted({*PROGRAMS.values(), *LIBRARIES})


WITHOUT_RENDERING = """
import sys
import pytest
sys.modules.update(dict.fromkeys(["meshoptimizer", "moderngl"]))  # as where no compiler builds the first
sys.exit(pytest.main(["-q", "--collect-only", "-p", "no:cacheprovider", "tests/training"]))
"""


def test_without_the_renderers_packages_the_other_tests_are_still_collected(root):
    own = {name: value for name, value in os.environ.items() if name != "CI"}  # there it is an error
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_RENDERING],
        cwd=root, env=own, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    assert "could not import 'moderngl'" in done.stdout

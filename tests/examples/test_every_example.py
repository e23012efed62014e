"""No example without a test, and none whose page does not say what of it was never run."""

import pytest

from tests.conftest import ROOT

EXAMPLES = ROOT / "examples"
FOLDERS = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir() and any(path.glob("[!_]*.*")))
TESTS = [path for path in (ROOT / "tests").rglob("test_*.py") if path.name != "test_every_example.py"]


def test_there_are_examples():
    assert len(FOLDERS) >= 7


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_test_runs_the_example(folder):
    named = [f'/ "{folder}"', f"examples/{folder}", f'"{folder}/', f"/{folder}/"]
    assert any(name in path.read_text(encoding="utf-8") for path in TESTS for name in named)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_page_says_what_was_run_and_what_was_not(folder):
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    start, told = text.split("## What of this has been run")
    assert f"({folder}/" in start
    assert f"`{folder}`" in told

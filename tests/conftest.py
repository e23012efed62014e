"""Fixtures for every test: where the research data lies, if it does."""

import os
from pathlib import Path

import pytest

# Tiny networks: a second thread costs more in barriers than it brings. Read by torch when it loads.
os.environ.setdefault("OMP_NUM_THREADS", "1")

pytest_plugins = ["tests.needs"]

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("LANDMARKS_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The research data sets; tests that ask for it are skipped where there are none."""
    if not (DATA / "300w" / "validation.txt").is_file():
        pytest.skip(f"no research data at {DATA} (set LANDMARKS_DATA)")
    return DATA

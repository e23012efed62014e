"""The table of what differs from the papers: complete, and a reason for each."""

import pytest

from device.contract.errors import BadInputError
from training.engine.run_file import read_run
from training.report.published import CONFIGS, TWINS, departures, differing, reason_for
from training.report.results import SYSTEMS


@pytest.mark.parametrize("system", SYSTEMS[::2])
def test_every_setting_that_differs_has_a_reason(system):
    rows = departures(system)
    assert len(rows) >= 8
    assert all(row.why and row.paper != row.here for row in rows)


def test_the_table_says_what_the_run_files_say():
    found = {(key, roles): (paper, here) for key, paper, here, roles in differing("efficient_fan")}
    sizes = "model.arguments.backbone_arguments.size"
    assert found[sizes, ("student",)] == ("b0", "lite0")
    assert found[sizes, ("teacher",)] == ("b7", "lite2")
    assert found["model.input_side", ("student", "teacher")] == ("256", "128")
    assert not any(key.startswith(("name", "start", "engine")) for key, _ in found)
    # Sigma is stated in cells, so it needs no row.
    assert not any("sigma" in key for key, _ in found)


def test_a_difference_without_a_reason_is_an_error():
    assert reason_for("a.b.c", {"a": "first", "a.b": "second"}) == "second"
    with pytest.raises(BadInputError, match=r"no reason for loss\.star"):
        reason_for("loss.star", {"losses": "no"})


def test_every_published_run_file_has_a_reduced_twin():
    for path in CONFIGS.glob("*/published_*.toml"):
        twin = path.with_name(f"{TWINS[path.stem.removeprefix('published_')]}.toml")
        assert read_run(path).task == read_run(twin).task

"""A board's reference: kept, read back, and compared either way."""

import pytest

from device.checks.selftest.reference import (
    COMPARED,
    SHIPPED,
    TOLERANCE,
    Reference,
    check_reference,
    compare_stage,
    read_reference,
    reference_file,
    write_reference,
)
from device.contract.errors import BadInputError

STAGES = dict(zip(COMPARED, (0.25, 0.75, 0.125, 0.25, 1.5), strict=True))


@pytest.fixture
def pi(tmp_path):
    model = tmp_path / "proc/device-tree/model"
    model.parent.mkdir(parents=True)
    model.write_text('Raspberry Pi 4 Model B "Rev" 1.5\0')
    return tmp_path


def test_what_is_written_is_read_back_whatever_the_board_is_called(tmp_path):
    kept = Reference('A "board" \\ 2', "small", 2, "performance", STAGES)
    path = write_reference(kept, tmp_path)
    assert path.name == "a-board-2-small-2.toml"
    assert read_reference(path) == kept


def test_a_board_is_compared_with_its_own_file_only(pi, tmp_path):
    folder = tmp_path / "reference"
    assert check_reference(folder, "small", 1, STAGES, pi) == []
    write_reference(Reference('Raspberry Pi 4 Model B "Rev" 1.5', "small", 1, "ondemand", STAGES), folder)
    checks = check_reference(folder, "small", 1, STAGES, pi)
    assert [check.name for check in checks] == [f"reference {name}" for name in COMPARED]
    assert all(check.passed for check in checks)
    assert check_reference(folder, "small", 2, STAGES, pi) == []


@pytest.mark.parametrize(
    ("factor", "passes", "word"),
    [
        (1.0, True, ""),
        (TOLERANCE * 0.99, True, ""),
        (TOLERANCE * 1.01, False, "doctor"),
        (1 / TOLERANCE * 1.01, True, ""),
        (1 / TOLERANCE * 0.99, False, "every stage is done"),
    ],
)
def test_slower_and_faster_than_possible_both_fail(factor, passes, word):
    check = compare_stage("infer", 0.8 * factor, 0.8, "performance")
    assert check.passed is passes
    assert word in check.remedy


@pytest.mark.parametrize("text", ["no toml [", 'board = "x"', "[stages_ms]\ncrop = 'fast'"])
def test_a_file_that_is_no_reference_is_refused_with_what_to_do(tmp_path, text):
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(BadInputError, match="--write-reference"):
        read_reference(path)


def test_shipped_references_can_be_read_and_have_the_name_of_their_board():
    for path in SHIPPED.glob("*.toml"):
        kept = read_reference(path)
        assert path == reference_file(SHIPPED, kept.board, kept.model, kept.threads)

import sys

import pytest

from device.contract import errors
from device.contract.exit_codes import ExitCode, exit_code_table


def test_the_codes_are_the_documented_ones():
    assert [(code.name, code.value) for code in ExitCode] == [
        ("DONE", 0), ("UNEXPECTED", 1), ("USAGE", 2), ("BAD_INPUT", 3), ("GATE", 4),
        ("MISSING_OUTSIDE", 5), ("REFUSED", 6), ("WRITE_FAILED", 7), ("VERIFY_FAILED", 8),
        ("INTERRUPTED", 130),
    ]  # fmt: skip


def test_the_readme_holds_the_table(root):
    assert exit_code_table() in (root / "docs" / "troubles.md").read_text()


def raising(error):
    def main():
        raise error

    return main


@pytest.mark.parametrize("kind", errors.LandmarksError.__subclasses__(), ids=lambda kind: kind.__name__)
def test_a_users_mistake_is_one_line_and_its_code(kind, capsys):
    assert errors.run_program(raising(kind("got a, wanted b; do c"))) == kind.exit_code
    assert capsys.readouterr().err == "error: got a, wanted b; do c\n"


def test_a_full_disk_is_a_write_failure(capsys):
    assert errors.run_program(raising(OSError(28, "No space left on device", "x.log"))) == 7
    assert "x.log" in capsys.readouterr().err


def test_a_file_that_may_not_be_used_is_one_line(capsys):
    refused = PermissionError(13, "Permission denied", "model.tflite")
    assert errors.run_program(raising(refused)) == 3
    told = capsys.readouterr().err
    assert told == "error: cannot use model.tflite: Permission denied; give it other rights\n"
    with pytest.raises(PermissionError):
        errors.run_program(raising(PermissionError(1, "Operation not permitted")))


def test_a_fault_of_ours_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        errors.run_program(raising(ZeroDivisionError()))


def test_work_cut_off_by_ctrl_c_is_no_fault_of_ours(capsys):
    assert errors.run_program(raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "error: interrupted before the end; run it again\n"


def test_a_reader_that_goes_away_is_an_ordinary_end(monkeypatch):
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    assert errors.run_program(raising(BrokenPipeError())) == 0

"""Mistakes on a command line: one line, the nearest word, exit code 2; and `--help` of every command."""

import subprocess
import sys

import pytest

from device import __version__
from device.__main__ import make_parser
from device.checks.commands import CHECKS
from device.contract.errors import UsageError


def said(*words):
    with pytest.raises(UsageError) as refused:
        make_parser().parse_args(words)
    return str(refused.value)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["run", "--sorce", "demo:"], "unknown option --sorce; did you mean --source?"),
        (["run", "--farmes=3"], "unknown option --farmes; did you mean --frames?"),
        (["selftest", "--budgt", "3"], "unknown option --budgt; did you mean --budget?"),
        (["run", "demo:"], "unexpected argument 'demo:'"),
        (["run", "--frames", "ten"], "argument --frames: got 'ten', wanted a whole number"),
        (["selftest", "--frames", "0"], "argument --frames: got '0', wanted a whole number, 1 or more"),
        (["bench", "--threads", "-1"], "argument --threads: got '-1', wanted a whole number, 1 or more"),
        (["selftest", "--budget", "fast"], "argument --budget: got 'fast', wanted a number above 0"),
        (["selftest", "--memory", "nan"], "argument --memory: got 'nan', wanted a number above 0"),
        (["selftest", "--dropped", "x"], "argument --dropped: got 'x', wanted a number"),
    ],
)
def test_a_mistake_is_told_by_the_command_it_was_made_in(words, sentence):
    assert said(*words) == f"{sentence}; see `landmarks {words[0]} --help`"


def test_an_unknown_command_has_the_nearest_suggested():
    assert "got 'rnu', known: run, selftest, doctor" in said("rnu")
    assert "did you mean run?" in said("rnu")
    assert "did you mean check?" in said("config", "chekc")


@pytest.mark.parametrize("command", ["run", *(check.name for check in CHECKS)])
def test_every_command_has_help_with_examples_of_itself(command, capsys):
    with pytest.raises(SystemExit) as ended:
        make_parser().parse_args([command, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert f"usage: landmarks {command}" in text
    assert f"\n  landmarks {command}" in text[text.index("examples:") :]


@pytest.mark.parametrize("program", ["device", "training", "convert", "firmware_config"])
def test_every_program_ends_a_mistake_with_one_line_and_exit_code_2(root, program):
    command = [sys.executable, "-m", program, "--no-such-option"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_the_version_is_the_package_s(capsys):
    with pytest.raises(SystemExit):
        make_parser().parse_args(["--version"])
    assert capsys.readouterr().out == f"landmarks {__version__}\n"

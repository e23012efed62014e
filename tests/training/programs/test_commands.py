"""The command table: every command has a program, and none is imported for the help."""

import inspect
import shlex
import subprocess
import sys
from importlib import import_module

import pytest

from training.__main__ import EXAMPLES, make_parser
from training.programs.commands import COMMANDS


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_has_a_program_that_takes_its_arguments(command):
    module, function = command.program.split(".")
    program = getattr(import_module(f"training.programs.{module}"), function)
    assert list(inspect.signature(program).parameters) == ["arguments"]
    assert program.__module__ == f"training.programs.{module}"


def test_every_command_is_listed_once():
    names = [command.name for command in COMMANDS]
    assert len(set(names)) == len(names)
    assert set(names) <= set(make_parser().format_help().split())


def test_the_help_of_a_command_says_what_it_does_and_shows_its_own_examples(capsys):
    with pytest.raises(SystemExit):
        make_parser().parse_args(["turned", "--help"])
    text = capsys.readouterr().out
    assert "Draw training faces and, beside each, the same head" in text
    assert text[text.index("examples:") :].splitlines()[1:] == [
        "  python -m training turned turned.png --data DATA"
    ]


@pytest.mark.parametrize(
    "words", [shlex.split(line) for line in EXAMPLES.splitlines() if line.startswith("  ")]
)
def test_every_example_is_understood_and_names_run_files_that_are_there(root, words):
    make_parser().parse_args(words[words.index("training") + 1 :])
    for name in (word for word in words if word.startswith("training/")):
        assert (root / name).is_file()


def test_the_help_needs_no_heavy_library():
    script = "import sys, training.__main__ as m; m.make_parser().format_help(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"torch", "numpy", "cv2"} & set(done.stdout.split())

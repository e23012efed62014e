"""Commands of the documents are as their programs take them: each is read by its program, none is run."""

import re
import shlex
import subprocess

import pytest

from convert.__main__ import parse_arguments
from device.__main__ import flag_values, make_parser
from device.sinks import SINKS
from device.sources.open import SOURCES
from tests.conftest import ROOT
from tests.docs.blocks import blocks_of, tracked

PAGES = [ROOT / path for path in tracked("README.md", "docs/*.md")]
TABLE = (ROOT / "docs" / "index.md").read_text().partition("## I want to")[2]


def commands():
    """Every command of the table, and every other one of a line or a block, without a user's own words."""
    typed = [
        code for row in re.findall(r"^\|.*\|$", TABLE, re.MULTILINE) for code in re.findall(r"`([^`]+)`", row)
    ]
    for page in PAGES:
        typed += re.findall(r"`((?:make|landmarks) [^`]+)`", page.read_text())
        typed += [
            line.partition(" > ")[0]
            for block in blocks_of(page)
            if block.language == "sh"
            for line in block.text.splitlines()
            if re.match(r"(?:sudo )?(?:make|landmarks) ", line)
        ]
    return sorted({part.strip() for command in typed for part in command.split("&&") if " " in part.strip()})


def read_landmarks(words):
    arguments = make_parser().parse_args(words)
    if arguments.command != "run":
        return
    flag_values(arguments)
    if arguments.source:
        SOURCES.parse(arguments.source)
    for sink in arguments.sinks or ():
        SINKS.parse(sink)


def test_the_table_is_found():
    assert len(commands()) > 20


@pytest.mark.parametrize("command", commands())
def test_a_command_is_one_of_ours_with_options_that_it_has(command, root):
    program, *words = shlex.split(command.replace("...", "FILE").removeprefix("sudo "))
    match program:
        case "landmarks":
            if "COMMAND" not in words:
                read_landmarks(words)
        case ".venv/bin/python":
            assert words[:2] == ["-m", "convert"]
            parse_arguments(words[2:])
        case "make":
            targets = [word for word in words if "=" not in word]
            text = (root / "Makefile").read_text()
            assert targets
            assert all(re.search(rf"^{target}:", text, re.MULTILINE) for target in targets), targets
            given = re.search(r"^GIVEN := ((?:.*\\\n)*.*)$", text, re.MULTILINE)[1]
            assert all(word.split("=")[0] in given.split() for word in words if "=" in word)
        case "apt-get" | "." | "pip" | "git" | "cd":
            pass
        case _:
            pytest.fail(f"{command}: wanted make, or landmarks")


def test_what_git_ignores(root):
    for name in (
        "pi.toml",
        "node_modules/x",
        "device/web/client/node_modules/x",
        "device/assets/astronaut.jpg",
    ):
        assert subprocess.run(["git", "check-ignore", "-q", name], cwd=root, check=False).returncode == 0, (
            name
        )
    drawn = ["git", "check-ignore", "-q", "device/assets/demo_face.jpg"]
    assert subprocess.run(drawn, cwd=root, check=False).returncode == 1

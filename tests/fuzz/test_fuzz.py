"""Two hundred mutated files to every reader, and the proof that a reader which fails is found."""

import sys

import pytest

from tests.fuzz.fuzz import run_target
from tests.fuzz.mutation import WORDS, mutate
from tests.fuzz.targets import TARGETS

SEED, BATCHES = 20, 4
"""The same two hundred inputs in every run: `make fuzz` tries others."""


def test_a_mutation_changes_what_it_says_where_it_says():
    data = b'{"a": 12, "b": [3, 4]}'
    assert mutate(data, [("token", 0.3, b"null")]) == b'{"a": null, "b": [3, 4]}'
    assert mutate(data, [("end", 0.5, b"")]) == data[:11]
    assert mutate(data, [("cut", 0.0, 0.5)]) == data[11:]
    assert mutate(data, [("byte", 0.0, b"[")]) == b'["a": 12, "b": [3, 4]}'


@pytest.mark.parametrize("name", TARGETS)
def test_every_reader_takes_or_refuses_whatever_a_file_holds(name, tmp_path):
    # Each .mat file is read by a process of its own, which takes its time.
    outcome = run_target(name, SEED, 240, tmp_path, 1 if name.startswith("AFLW") else BATCHES)
    assert not outcome.problem, outcome
    assert outcome.inputs > 0
    assert 0 < outcome.refused <= outcome.inputs


BROKEN = """
import json, sys
from pathlib import Path
from tests.fuzz import child, targets

def sample(folder):
    (folder / "a.json").write_text('{"schema": 1}')
    return folder / "a.json"

targets.TARGETS["broken"] = targets.Target(sample, lambda path: json.loads(path.read_bytes())["schema"])
child.fuzz("broken", 1, 20, 9, Path(sys.argv[1]))
"""
"""A reader that lets whatever JSON raises pass."""


def write_broken(folder, root):
    """An interpreter that fuzzes the broken reader, whatever it is started with, in the folder named last."""
    program = folder / "broken.py"
    program.write_text(BROKEN)
    launcher = folder / "python"
    start = f'PYTHONPATH="{root}" exec "{sys.executable}" "{program}" "$last"'
    launcher.write_text(f"#!/bin/sh\nfor last; do :; done\n{start}\n")
    launcher.chmod(0o755)
    return launcher


def test_a_reader_that_raises_anything_else_is_a_problem(tmp_path, monkeypatch, root):
    monkeypatch.setattr("tests.fuzz.fuzz.sys.executable", str(write_broken(tmp_path, root)))
    outcome = run_target("broken", 1, 20, tmp_path / "kept")
    assert "Error" in outcome.problem
    assert "ModuleNotFound" not in outcome.problem
    assert (tmp_path / "kept" / "broken" / "a.json").is_file()


def test_the_words_hold_what_parsers_stumble_over():
    assert {b"nan", b"1e400", b"1" * 400} <= set(WORDS)

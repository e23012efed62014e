"""config.txt and cmdline.txt: our lines once, everything else as it was."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_config.boot_fragments import (
    BEGIN,
    END,
    LONGEST_CMDLINE,
    LONGEST_LINE,
    fragment_words,
    with_fragment,
    with_words,
    without_fragment,
)
from firmware_config.payload import HERE
from tests.firmware_config.stock import CONFIG, TRIXIE_CMDLINE

FRAGMENT = (HERE / "boot/config.txt").read_text()


def sections(text):
    """Settings of a config.txt by board, as the firmware's documentation says that filters work."""
    found, board = {}, "all"
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            board = line.strip("[]")
        elif line and not line.startswith("#"):
            found.setdefault(board, []).append(line)
    return found


def test_our_lines_count_for_the_boards_they_are_meant_for():
    found = sections(with_fragment("[cm4]\notg_mode=1\n", FRAGMENT))
    assert found["cm4"] == ["otg_mode=1"]
    assert "kernel=kernel8.img" in found["pi5"]
    assert "dtparam=watchdog=on" in found["all"]


def test_what_others_append_later_counts_for_all_boards():
    assert "gpu_mem=16" in sections(with_fragment(CONFIG, FRAGMENT) + "gpu_mem=16\n")["all"]


def test_the_rest_of_the_file_stays_and_can_be_had_back():
    merged = with_fragment(CONFIG, FRAGMENT)
    assert merged.startswith(CONFIG.rstrip("\n"))
    assert without_fragment(merged) == CONFIG
    assert merged.count(BEGIN) == merged.count(END) == 1


@given(st.text(alphabet="abc=[]#\n ", max_size=200))
def test_merging_twice_is_merging_once(text):
    once = with_fragment(text, FRAGMENT)
    assert with_fragment(once, FRAGMENT) == once


@pytest.mark.parametrize(
    "fragment", ["", "a=1\n[all]", "[all]\na=1", f"[all]\n{'x' * (LONGEST_LINE + 1)}\n[all]"]
)
def test_a_fragment_that_would_spoil_what_follows_is_refused(fragment):
    with pytest.raises(ValueError, match=r"config\.txt fragment"):
        with_fragment(CONFIG, fragment)


def test_the_command_line_stays_one_line_with_each_word_once():
    once = with_words(TRIXIE_CMDLINE, ["cgroup_enable=memory", "ds=nocloud;i=a"], ("ds=",))
    twice = with_words(once, ["cgroup_enable=memory", "ds=nocloud;i=b"], ("ds=",))
    assert twice.count("\n") == 1
    assert twice.split() == [*TRIXIE_CMDLINE.split(), "cgroup_enable=memory", "ds=nocloud;i=b"]


def test_imagers_instance_on_the_command_line_is_replaced_because_it_beats_meta_data():
    used = TRIXIE_CMDLINE.strip() + " ds=nocloud;i=rpi-imager-1760000000000\n"
    assert with_words(used, ["ds=nocloud;i=ours"], ("ds=",)).count("ds=") == 1


def test_a_command_line_that_the_kernel_would_cut_is_refused():
    with pytest.raises(ValueError, match=str(LONGEST_CMDLINE)):
        with_words(TRIXIE_CMDLINE, ["x" * LONGEST_CMDLINE])


def test_every_word_of_the_fragment_has_a_reason():
    lines = [
        line for line in (HERE / "boot/cmdline.txt").read_text().splitlines() if not line.startswith("#")
    ]
    assert lines
    assert all(line.partition("#")[2].strip() for line in lines)
    assert fragment_words("a=1  # why\n# remark\n\n") == ["a=1"]


def test_on_the_pi_it_runs_with_nothing_but_python(tmp_path):
    (tmp_path / "config.txt").write_text(CONFIG)
    (tmp_path / "cmdline.txt").write_text(TRIXIE_CMDLINE)
    command = [sys.executable, "-I", "-S", HERE / "boot_fragments.py", HERE / "boot", tmp_path]
    subprocess.run(command, check=True)
    subprocess.run(command, check=True)
    assert (tmp_path / "config.txt").read_text() == with_fragment(CONFIG, FRAGMENT)
    assert "cgroup_enable=memory" in (tmp_path / "cmdline.txt").read_text().split()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cmdline.txt", "config.txt"]


def test_every_package_has_a_reason_and_numpy_is_the_systems():
    lines = [
        line.split(None, 1) for line in (HERE / "packages.txt").read_text().splitlines() if line[:1] != "#"
    ]
    assert len(lines) >= 4
    assert all(len(words) == 2 for words in lines)
    assert "python3-numpy" in [name for name, _ in lines]

"""Lines of native code on standard error: the named ones are dropped, every other one comes out."""

import os
import subprocess
import sys

import pytest

from device.support.native_stderr import without_lines


def test_only_the_named_lines_are_dropped(capfd):
    os.write(2, b"before\n")
    with without_lines(b"chatter"):
        os.write(2, b"INFO: chatter of a library\nWARNING: a fault\nno end of line")
    os.write(2, b"\nafter\n")
    assert capfd.readouterr().err == "before\nWARNING: a fault\nno end of line\nafter\n"


def test_an_exception_leaves_standard_error_as_it_was(capfd):
    with pytest.raises(ValueError, match="x"), without_lines(b"chatter"):  # noqa: PT012
        os.write(2, b"kept\n")
        raise ValueError("x")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "kept\nafter\n"


def test_the_daemon_says_nothing_of_xnnpack(root):
    command = [sys.executable, "-m", "device", "run", "--source", "demo:", "--frames", "2"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('"type":"frame"') == 2
    assert "XNNPACK" not in done.stderr


def test_a_closed_standard_error_is_no_fault(root):
    program = (
        "import os; from device.support.native_stderr import without_lines\nos.close(2)\n"
        "with without_lines(b'x'): print('ran')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.stdout == "ran\n"

"""A conversion that is killed, has no network, or no disk, as the user meets it."""

import os
import signal
import subprocess
import sys

import pytest


def command(handover, out, *prefix):
    return [
        *prefix,
        *(
            sys.executable,
            "-m",
            "convert",
            "run",
            str(handover),
            "--out",
            str(out),
            "--int8-budget",
            "1",
            "--max-error",
            "1000",
        ),
    ]


def may_unshare(*flags):
    """Whether this machine lets us make a namespace."""
    tried = subprocess.run(["unshare", *flags, "true"], capture_output=True, check=False)
    return tried.returncode == 0


@pytest.mark.convert
@pytest.mark.slow
@pytest.mark.timeout(900)  # three conversions, on a machine that may be busy
def test_killed_and_unplugged_it_resumes_and_gives_the_same_bytes(tiny_handover, converted, root, tmp_path):
    """Twice on one machine, once in two parts and without any network device: one and the same int8 file."""
    prefix = ("unshare", "-rn") if may_unshare("-rn") else ()
    if not prefix and os.environ.get("CI"):
        pytest.fail("CI must be able to unplug the network: unshare -rn is refused")
    out = tmp_path / "model"
    running = subprocess.Popen(
        command(tiny_handover, out, *prefix),
        cwd=root,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for line in running.stderr:
        if "opset" in line:
            os.killpg(running.pid, signal.SIGKILL)
            break
    running.communicate()
    assert running.returncode != 0
    assert not (out / "student.tflite").exists()
    ended = subprocess.run(
        command(tiny_handover, out, *prefix), cwd=root, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("unchanged") == 2
    assert (out / "student.tflite").read_bytes() == (converted / "student.tflite").read_bytes()


@pytest.mark.convert
def test_a_full_disk_is_exit_code_7_and_leaves_no_half_file(tiny_handover, root, tmp_path):
    if not may_unshare("-rm"):
        if os.environ.get("CI"):
            pytest.fail("CI must be able to mount a small disk: unshare -rm is refused")
        pytest.skip("unshare -rm is refused: no small disk to fill")
    script = (
        f"mount -t tmpfs -o size=24k tmpfs {tmp_path} && "
        f"{' '.join(command(tiny_handover, tmp_path / 'model'))}; "
        f"code=$?; find {tmp_path} -type f; exit $code"
    )
    ended = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], cwd=root, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 7, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "free" in ended.stderr.splitlines()[-1]
    left = {line.rsplit("/", 1)[-1] for line in ended.stdout.splitlines()}
    assert left <= {"network.json", "handover.json", "opset.json"}

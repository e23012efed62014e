"""deploy-pi with a stand-in for ssh and scp that runs everything on this machine, in a folder of its own."""

import os
import subprocess
import sys

import pytest

from device.contract.errors import UsageError
from firmware_config.deploy import check_host, install_command
from tests.firmware_config.stock import make_small_payload

# As ssh and scp would, but here: the remote command in this machine's shell, the copy into its folders.
FAKE_SSH = """#!/bin/sh
for last; do :; done
echo "ssh $last" >>"$FAKE_LOG"
[ "$FAKE_FAILS" != yes ] || exit 255
exec sh -c "$last"
"""
FAKE_SCP = """#!/bin/sh
while [ "${1#-}" != "$1" ]; do case $1 in -o) shift 2 ;; *) shift ;; esac; done
for last; do :; done
for file; do [ "$file" = "$last" ] || cp -R "$file" "${last#*:}"; done
"""
FAKE_SUDO = '#!/bin/sh\nexec "$@"\n'
INSTALL = """#!/bin/sh
echo "settings: ${1:-none}" >"$FAKE_RESULT"
[ -z "${1:-}" ] || cat "$1/daemon.toml" >>"$FAKE_RESULT"
exit ${FAKE_CODE:-0}
"""


@pytest.fixture
def host(tmp_path, image_tools):
    """Programs, payload and environment for a deployment to nowhere."""
    tools, tree, out = tmp_path / "tools", tmp_path / "tree", tmp_path / "dist"
    for folder in (tools, tree, out):
        folder.mkdir()
    for name, text in {"ssh": FAKE_SSH, "scp": FAKE_SCP, "sudo": FAKE_SUDO}.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    (tree / "install.sh").write_text(INSTALL)
    (tree / "RELEASE").write_text("1\n")
    make_small_payload(out, tree)
    return {
        **os.environ,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "FAKE_LOG": str(tmp_path / "log"),
        "FAKE_RESULT": str(tmp_path / "result"),
    }


def deploy(root, tmp_path, environment, *words, **more):
    command = [sys.executable, "-m", "firmware_config", "deploy", *words, "--payload", tmp_path / "dist"]
    return subprocess.run(
        list(map(str, command)),
        cwd=root,
        env={**environment, **more},
        capture_output=True,
        text=True,
        check=False,
    )


def leftovers():
    from pathlib import Path

    return [path for path in Path("/var/tmp").glob("landmarks.*") if (path / "payload.tar.zst").exists()]


def test_the_payload_arrives_is_checked_and_installed_with_settings_and_nothing_stays(host, root, tmp_path):
    (tmp_path / "pi.toml").write_text('source = "demo:"\n')
    done = deploy(root, tmp_path, host, "pi@porch", "--settings", tmp_path / "pi.toml")
    assert done.returncode == 0, done.stderr
    result = (tmp_path / "result").read_text()
    assert result.startswith("settings: /var/tmp/landmarks.")
    assert 'source = "demo:"' in result
    assert not leftovers()


def test_without_a_pi_toml_the_settings_on_the_pi_stay(host, root, tmp_path):
    assert deploy(root, tmp_path, host, "pi@porch").returncode == 0
    assert (tmp_path / "result").read_text() == "settings: none\n"


def test_an_installation_that_fails_there_fails_here_and_leaves_nothing(host, root, tmp_path):
    done = deploy(root, tmp_path, host, "pi@porch", FAKE_CODE="4")
    assert done.returncode == 4
    assert "ended with exit code 4" in done.stderr
    assert not leftovers()


def test_a_pi_that_cannot_be_reached_is_missing_and_not_a_fault_of_ours(host, root, tmp_path):
    done = deploy(root, tmp_path, host, "pi@porch", FAKE_FAILS="yes")
    assert done.returncode == 5
    assert "cannot reach pi@porch" in done.stderr


def test_going_back_calls_the_installed_script(host, root, tmp_path):
    deploy(root, tmp_path, host, "pi@porch", "--back")
    assert "sudo sh /opt/landmarks/current/install.sh --back" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("host_name", ["", "-oProxyCommand=evil", "pi@a b"])
def test_a_host_that_ssh_would_read_as_an_option_is_refused(host_name):
    with pytest.raises(UsageError, match="USER@NAME"):
        check_host(host_name)


def test_a_payload_that_changed_on_the_way_is_not_unpacked(host, tmp_path):
    from firmware_config.payload import Payload

    folder = tmp_path / "there"
    folder.mkdir()
    (folder / "payload.tar.zst").write_bytes(b"rubbish")
    command = install_command(
        str(folder), Payload(folder / "payload.tar.zst", "1", "0" * 64), with_settings=False
    )
    done = subprocess.run(["sh", "-c", command], env=host, capture_output=True, check=False)
    assert done.returncode != 0
    assert not (tmp_path / "result").exists()
    assert not folder.exists()

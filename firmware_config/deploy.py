"""The payload over ssh to a running Pi: the same archive, the same install.sh."""

import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from device.contract.errors import BadInputError, GateError, MissingOutsideError
from firmware_config.payload import Payload
from firmware_config.preflight import check_host
from firmware_config.settings import PiSettings
from firmware_config.target_settings import target_files
from firmware_config.tools import find_tool

SSH_FAILED = 255
"""What ssh itself ends with where it cannot reach the host; anything else is the remote command's."""

REMOTE_FOLDER = "/var/tmp/landmarks."  # noqa: S108 - mktemp there makes a folder that nobody can guess
"""On the Pi; /tmp is memory there."""

OPTIONS = ("-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15")


def ssh(host: str, command: str, *, listen: bool = False) -> str:
    """Run a command on the Pi; what it says is shown, or given back when one listens.

    Raises:
        MissingOutsideError: the Pi cannot be reached.
        GateError: the command failed there.
    """
    words = [find_tool("ssh"), *OPTIONS, host, command]
    done = subprocess.run(words, stdout=subprocess.PIPE if listen else None, text=True, check=False)
    check_code(host, done.returncode)
    return (done.stdout or "").strip()


def send(host: str, sources: Sequence[Path], folder: str) -> None:
    """Copy files and folders into a folder on the Pi.

    Raises:
        MissingOutsideError: the Pi cannot be reached, or has no room.
    """
    words = [find_tool("scp"), "-q", "-r", *OPTIONS, *map(str, sources), f"{host}:{folder}/"]
    if subprocess.run(words, check=False).returncode:
        raise MissingOutsideError(f"cannot copy to {host}; try `ssh {host}`, and look at its free space")


def check_code(host: str, code: int) -> None:
    """Turn an exit code of ssh into an error.

    Raises:
        MissingOutsideError: the Pi cannot be reached.
        GateError: the command failed there.
    """
    if code == SSH_FAILED:
        raise MissingOutsideError(f"cannot reach {host}; try `ssh {host}` first")
    if code:
        raise GateError(f"{host} ended with exit code {code}; its last lines above say why")


def install_command(
    folder: str, payload: Payload, *, with_settings: bool, allow_downgrade: bool = False
) -> str:
    """The line that the Pi runs: check, unpack as root, install, remove what is left."""
    place = shlex.quote(folder)
    words = "--allow-downgrade " if allow_downgrade else ""
    words += f"{place}/settings" if with_settings else ""
    check = f"echo {payload.sha256}  {payload.path.name} | sha256sum --check --quiet"
    unpack = f"mkdir tree && tar --extract --zstd --no-same-owner --file {payload.path.name} --directory tree"
    install = f"cd {place} && {check} && {unpack} && sh tree/install.sh {words}"
    script = f"{install}; code=$?; rm -rf {place}; exit $code"
    return f"sudo sh -c {shlex.quote(script)}"


def deploy(
    host: str, payload: Payload, settings: PiSettings | None, *, allow_downgrade: bool = False
) -> None:
    """Install on a running Pi; without settings, those that it has stay.

    Raises:
        UsageError: the host is none.
        MissingOutsideError: the Pi cannot be reached.
        GateError: the installation failed; the release before is running.
    """
    check_host(host)
    folder = ssh(host, f"umask 077; mktemp -d {REMOTE_FOLDER}XXXXXX", listen=True)
    if not folder.startswith(REMOTE_FOLDER):
        raise BadInputError(f"{host} gave {folder!r} for a folder; its shell must print nothing by itself")
    sources = [payload.path]
    with tempfile.TemporaryDirectory() as work:
        if settings is not None:
            staged = Path(work) / "settings"
            staged.mkdir(mode=0o700)
            for name, text in target_files(settings).items():
                (staged / name).write_text(text)
            sources.append(staged)
        send(host, sources, folder)
    command = install_command(
        folder, payload, with_settings=settings is not None, allow_downgrade=allow_downgrade
    )
    ssh(host, command)


def go_back(host: str) -> None:
    """The release before this one.

    Raises:
        MissingOutsideError: the Pi cannot be reached.
        GateError: there is none, or it is not online.
    """
    check_host(host)
    ssh(host, "sudo sh /opt/landmarks/current/install.sh --back")

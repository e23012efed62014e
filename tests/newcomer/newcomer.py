"""What a newcomer lives through: a bare Debian 12, a fresh clone, `make run`, and on request `make test`.

    make newcomer [TEST=1]

Debian's packages git, make, python3 and python3-venv are put into a folder, the commands run there as an
ordinary user, and what they took is printed: megabytes on the disk, seconds, and processor seconds, which are
the work without the downloading, of all programs together. A busy machine changes those the least.

Needs root, and mmdebstrap. Exit code 0: within the limits; 4: not.
"""

import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from device.contract.command_line import CommandParser
from device.contract.errors import GateError, MissingOutsideError, run_program
from device.contract.exit_codes import ExitCode

PACKAGES = ("ca-certificates", "git", "make", "python3", "python3-venv")
"""What a newcomer has."""

MAX_MB = 300.0
"""On the disk after `make run`, 10^6 bytes."""

MAX_SECONDS = 45.0
"""Processor seconds of `make run FRAMES=100`."""

USER_ID = 1000
HOME = "/home/newcomer"
CHECKOUT = f"{HOME}/landmarks"

# How this machine reaches the package registries is no part of the measurement: the same settings inside.
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_SETTINGS = (_CERTIFICATES, Path("/etc/pip.conf"), Path("/etc/npmrc"))
_HANDED_ON = ("PIP_CERT", "PIP_INDEX_URL", "PIP_DEFAULT_TIMEOUT", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE",
              "http_proxy", "https_proxy", "no_proxy")  # fmt: skip


@dataclass(frozen=True)
class Took:
    """What a command took."""

    code: int
    """Its exit code."""
    seconds: float
    """By the clock on the wall."""
    processor_seconds: float
    """Of all its programs together."""
    output: str
    """What it said."""


class BareDebian:
    """A folder with a bare Debian 12 in which commands run."""

    def __init__(self, folder: Path) -> None:
        """Install it.

        Raises:
            MissingOutsideError: no mmdebstrap, no root, or no Debian to be had.
        """
        self.root = folder / "root"
        self._cloned_mb = 0.0
        if shutil.which("mmdebstrap") is None:
            raise MissingOutsideError("mmdebstrap is missing; apt-get install mmdebstrap")
        if os.geteuid() != 0:
            raise MissingOutsideError("not root, who alone can make another root folder; run it with sudo")
        command = [
            "mmdebstrap",
            "--quiet",
            "--variant=minbase",
            f"--include={','.join(PACKAGES)}",
            "bookworm",
        ]
        done = subprocess.run([*command, self.root], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise MissingOutsideError(f"no bare Debian: {done.stderr.strip().splitlines()[-1]}")
        for path in filter(Path.is_file, _SETTINGS):
            shutil.copy(path, self.root / path.relative_to("/"))
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        # As Debian's installer writes it; programs that meet on this machine look for these names.
        hosts = f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {socket.gethostname()}\n"
        (self.root / "etc/hosts").write_text(hosts)
        with (self.root / "etc/passwd").open("a") as users:
            users.write(f"newcomer:x:{USER_ID}:{USER_ID}::{HOME}:/bin/sh\n")
        self.path(HOME).mkdir(parents=True)
        os.chown(self.path(HOME), USER_ID, USER_ID)
        npm = Path.home() / ".npmrc"
        if npm.is_file():
            os.chown(shutil.copy(npm, self.path(HOME)), USER_ID, USER_ID)

    def path(self, inside: str) -> Path:
        """A path inside, as seen from outside."""
        return self.root / inside.lstrip("/")

    def clone(self, repository: Path) -> None:
        """Put a fresh clone of a repository's committed state into the newcomer's home."""
        command = ["git", "-c", "safe.directory=*", "clone", "--quiet", "--no-hardlinks"]
        subprocess.run([*command, repository, self.path(CHECKOUT)], check=True)
        subprocess.run(["chown", "-R", f"{USER_ID}:{USER_ID}", self.path(CHECKOUT)], check=True)
        self._cloned_mb = _megabytes(self.path(CHECKOUT))

    def run(self, command: str) -> Took:
        """Run a shell command in the clone, as the newcomer."""
        inside = f"cd {CHECKOUT} && {command}"
        script = (
            'mount -t proc proc "$0/proc"; mount -t sysfs -o ro sysfs "$0/sys"; '
            'mount --rbind /dev "$0/dev"; mount -t tmpfs tmpfs "$0/tmp"; '
            f'exec chroot --userspec={USER_ID}:{USER_ID} "$0" /bin/sh -c "$1"'
        )
        environment = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
        environment |= {"HOME": HOME, "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}
        before, begun = _processor_seconds(), time.monotonic()
        done = subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "sh", "-c", script, self.root, inside],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        return Took(done.returncode, time.monotonic() - begun, _processor_seconds() - before, done.stdout)

    def megabytes(self) -> float:
        """What the clone takes on the disk beyond its commits, 10^6 bytes."""
        return _megabytes(self.path(CHECKOUT)) - self._cloned_mb


def _megabytes(folder: Path) -> float:
    command = ["du", "--block-size=1", "--summarize", folder]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0]) / 1e6


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def free_port() -> int:
    """A port for the page: the bare Debian shares this machine's network."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def run_demo(debian: BareDebian) -> Took:
    """`make run FRAMES=100`, with the page.

    Raises:
        GateError: it failed.
    """
    took = debian.run(f"make run FRAMES=100 WEB={free_port()} SINK=file:/tmp/frames.jsonl")
    if took.code != 0:
        raise GateError(f"make run ended with exit code {took.code}:\n{took.output[-3000:]}")
    return took


def test_suite(debian: BareDebian) -> None:
    """`make test`, whose failures and last lines are printed.

    Raises:
        GateError: it failed.
    """
    took = debian.run("make test")
    failures = took.output.find("= FAILURES =")
    told = took.output[-6000:] if failures < 0 else took.output[failures:]
    print(f"{told}\nmake test: exit code {took.code}, {took.seconds:.0f} s")
    if took.code != 0:
        raise GateError("make test failed in a bare Debian 12; what it said is above")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, compare with the limits.

    Raises:
        GateError: a command failed, or took more than it may.
        MissingOutsideError: no bare Debian to be had.
    """
    parser = CommandParser(prog="python -m tests.newcomer.newcomer", description=__doc__)
    parser.add_argument("--test", action="store_true", help="also run `make test`, which may take an hour")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        debian = BareDebian(Path(folder))
        debian.clone(Path(__file__).parents[2])
        took, megabytes = run_demo(debian), debian.megabytes()
        print(took.output)
        print(f"make run FRAMES=100: {took.seconds:.0f} s with all downloads")
        print(f"  {took.processor_seconds:.1f} s of processor time, wanted at most {MAX_SECONDS:.0f}")
        print(f"  {megabytes:.0f} MB on the disk, wanted at most {MAX_MB:.0f}", flush=True)
        if options.test:
            test_suite(debian)
    if megabytes > MAX_MB or took.processor_seconds > MAX_SECONDS:
        raise GateError("make run takes more of a newcomer than it may; see above")
    return int(ExitCode.DONE)


if __name__ == "__main__":
    sys.exit(run_program(main))

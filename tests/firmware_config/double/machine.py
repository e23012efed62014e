"""The double running in QEMU: its console, its shell over ssh, its power switch."""

import os
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from tests.firmware_config.double.build import Double, run

SSH_OPTIONS = (
    *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"),
    *("-o", "ConnectTimeout=20", "-o", "BatchMode=yes"),
)
HOST = "10.0.2.2"
"""This machine, as the guest sees it (QEMU's user networking)."""

PREFIX = tuple(os.environ.get("QEMU_PREFIX", "").split())
"""Words before QEMU, to share a machine: `taskset -c 1`."""


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Machine:
    """One disk, started and stopped any number of times."""

    def __init__(self, double: Double, disk: Path, cmdline: str, key: Path, user: str) -> None:
        """Nothing runs yet.

        Args:
            double: for its kernel.
            disk: a qcow2 that keeps what is written; the image below it stays as it is.
            cmdline: of the image's boot partition.
            key: private key of the user.
            user: who may log in.
        """
        self.double, self.disk, self.cmdline, self.key, self.user = double, disk, cmdline, key, user
        self.console = disk.with_suffix(".console")
        self.port = free_port()
        self.process = None
        self.began = 0.0

    def start(self) -> None:
        """Power on."""
        # On a Pi the firmware turns serial0 into the board's own name.
        words = [word for word in self.cmdline.split() if not word.startswith("console=")]
        words += ["console=ttyAMA0", "net.ifnames=0", "systemd.journald.forward_to_console=1", "panic=0"]
        # An emulated machine that shares its processor takes minutes for what a Pi does in seconds.
        words += ["systemd.default_device_timeout_sec=600", "systemd.default_timeout_start_sec=600"]
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [
                *PREFIX,
                *("qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "1024"),
                *("-accel", "tcg,thread=multi", "-display", "none", "-monitor", "none"),
                *("-kernel", str(self.double.kernel), "-initrd", str(self.double.initrd)),
                *("-append", " ".join(words)),
                *("-drive", f"if=none,file={self.disk},id=disk", "-device", "virtio-blk-pci,drive=disk"),
                *("-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{self.port}-:22"),
                *("-device", "virtio-net-pci,netdev=net", "-device", "virtio-rng-pci"),
                # A machine that its watchdog resets ends, so that a test can see it.
                *("-device", "i6300esb", "-action", "watchdog=reset", "-no-reboot"),
                *("-chardev", f"file,id=console,path={self.console},append=on", "-serial", "chardev:console"),
            ]
        )

    @property
    def seconds(self) -> float:
        """Since power on."""
        return time.monotonic() - self.began

    def said(self) -> str:
        """The console's text of all starts."""
        return self.console.read_text(errors="replace") if self.console.is_file() else ""

    def ssh(self, command: str, timeout: float = 120, check: bool = True) -> str:
        """What a command says, run by the user.

        Raises:
            AssertionError: it failed, and was not allowed to.
        """
        words = ["ssh", *SSH_OPTIONS, "-i", self.key, "-p", self.port, f"{self.user}@127.0.0.1", command]
        done = subprocess.run(
            list(map(str, words)), capture_output=True, text=True, timeout=timeout, check=False
        )
        assert done.returncode == 0 or not check, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def send(self, *files: Path) -> None:
        """Copy files into the user's home."""
        words = ["scp", *SSH_OPTIONS, "-i", self.key, "-P", self.port, *files, f"{self.user}@127.0.0.1:"]
        run(*words)

    def await_ssh(self, seconds: float) -> None:
        """Wait until the user can log in.

        Raises:
            AssertionError: not within so many seconds of power on.
        """
        while self.seconds < seconds:
            if self.ssh("echo here", timeout=60, check=False).strip() == "here":
                return
            time.sleep(2)
        raise AssertionError(f"no login within {seconds} s: {self.said()[-2000:]}")

    def await_end(self, seconds: float) -> None:
        """Wait until the machine is off or reset."""
        self.process.wait(timeout=seconds)
        self.process = None

    def cut(self) -> None:
        """Take the power away."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    @contextmanager
    def on(self):
        """Powered on, and off at the end whatever happens."""
        self.start()
        try:
            yield self
        finally:
            self.cut()

"""A reader who types a page's blocks one after the other, in a folder that looks like the checkout.

Programs are those of this environment, so that nothing is built: `make` takes every environment for built,
and the page's ports become free ones.
"""

import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.broker import free_port, wait_until
from tests.conftest import ROOT
from tests.docs.blocks import Block
from tests.needs import need

PORT = re.compile(r"(?<=[: ])(?:8080|8081|8000|1883)\b")
SECONDS = 280
"""Most that a block may take."""

ENVIRONMENTS = (".venv", ".venv-device", ".venv-convert", ".venv-bench", ".venv-ethos-u")
OTHER_FILES = ("device/assets/astronaut.jpg", "device/web/built/index.html")
"""What `make` would build or fetch, too."""

INTERRUPTED = (0, -signal.SIGINT, 2, 130)
"""Exit codes of what was ended by Ctrl-C; 2 is make's."""


class Reader:
    """Runs blocks in a folder; those that keep running are ended by Ctrl-C when it is closed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports: dict[str, str] = {}
        self._running: list[tuple[Block, subprocess.Popen[bytes]]] = []
        self._lay_out()
        path = f"{self._programs()}:{os.environ['PATH']}:/usr/sbin"
        self._environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": path}

    def run(self, block: Block) -> None:
        """Run a block to its end."""
        done = self._start(block, subprocess.PIPE)
        output, errors = done.communicate(timeout=SECONDS)
        assert done.returncode == 0, (
            f"{block.place}: exit code {done.returncode}\n{output[-500:]!r}\n{errors.decode()}"
        )

    def keep_running(self, block: Block) -> None:
        """Start a block, and wait until its ports answer, or until it says something where it names none."""
        process = self._start(block, (self._folder / f"line-{block.line}.err").open("wb"))
        self._running.append((block, process))
        ports = [int(self._free(found)) for found in PORT.findall(block.text)]
        if ports:
            assert wait_until(lambda: all(map(answers, ports)), SECONDS), self._said(block)
        else:
            assert select.select([process.stdout], [], [], SECONDS)[0], self._said(block)
        assert process.poll() is None, self._said(block)

    def close(self) -> None:
        """Ctrl-C for whatever keeps running, the last one first."""
        for block, process in reversed(self._running):
            os.killpg(process.pid, signal.SIGINT)
            process.communicate(timeout=SECONDS)
            assert process.returncode in INTERRUPTED, self._said(block)
            assert "Traceback" not in self._said(block)

    def _start(self, block: Block, errors: int | object) -> subprocess.Popen[bytes]:
        text = PORT.sub(lambda found: self._free(found[0]), block.text)
        shell = ["bash", "-euo", "pipefail", "-c", text]
        words = {"sh": shell, "python": [sys.executable, "-c", text], "toml": self._settings(text)}[
            block.language
        ]
        return subprocess.Popen(
            words, cwd=self._folder, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=errors, start_new_session=True,
        )  # fmt: skip

    def _settings(self, text: str) -> list[str]:
        """The command that checks a settings file."""
        (self._folder / "shown.toml").write_text(text)
        return [sys.executable, "-m", "device", "config", "check", "shown.toml"]

    def _free(self, port: str) -> str:
        """The free port that stands for one of the page's."""
        return self._ports.setdefault(port, str(free_port()))

    def _said(self, block: Block) -> str:
        return f"{block.place}: {(self._folder / f'line-{block.line}.err').read_text()}"

    def _lay_out(self) -> None:
        """The checkout's files, and its environments."""
        for path in ROOT.iterdir():
            if path.name not in (".git", "runs", "build", "dist") and not path.name.startswith(".venv"):
                (self._folder / path.name).symlink_to(path)
        for name in ENVIRONMENTS:
            (self._folder / name).symlink_to(ROOT / name if (ROOT / name).exists() else sys.prefix)

    def _programs(self) -> Path:
        """What a page calls, as it is after its installation."""
        need("make", "mosquitto", "mosquitto_pub")
        built = " ".join(
            f"-o {name}" for name in (*(f"{name}/.built" for name in ENVIRONMENTS), *OTHER_FILES)
        )
        programs = self._folder / "programs"
        programs.mkdir()
        for name, command in {
            "make": f'{shutil.which("make")} -s {built} MAKE="$0" WEB={self._free("8080")}',
            "python": sys.executable,
            "landmarks": f"{sys.executable} -m device",
        }.items():
            (programs / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
            (programs / name).chmod(0o755)
        return programs


def answers(port: int) -> bool:
    """Whether something listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0

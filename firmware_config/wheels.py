"""The locked aarch64 wheels: what the daemon needs, for the Pythons of bookworm and trixie.

`requirements/pi-3.11.lock` and `pi-3.13.lock` give each wheel's version and hash. numpy is resolved at the
version of the system's package, then left out: picamera2 is built against the system's numpy, so no other
may be installed beside it.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from device.contract.errors import MissingOutsideError
from device.contract.files import write_whole_bytes
from firmware_config.tools import last_line

PIP = "pip==26.3"
"""In the payload, because Raspberry Pi OS Lite has neither pip nor ensurepip."""

GLIBC_MINORS = (17, 24, 26, 27, 28, 31, 34, 35, 36)
"""Each NN of manylinux_2_NN_aarch64: pip accepts only tags that are spelled out. Bookworm has glibc 2.36."""


@dataclass(frozen=True)
class System:
    """A Raspberry Pi OS release with its Python."""

    codename: str
    python: str
    """Version with one dot."""
    numpy: str
    """Version of its package python3-numpy."""

    @property
    def lock_name(self) -> str:
        """File in requirements/, and in the payload."""
        return f"pi-{self.python}.lock"


SYSTEMS = (System("bookworm", "3.11", "1.24.2"), System("trixie", "3.13", "2.2.4"))


def platform_flags(system: System) -> list[str]:
    """Pip's options for wheels of this system."""
    abi = f"cp{system.python.replace('.', '')}"
    platforms = [f"manylinux_2_{minor}_aarch64" for minor in GLIBC_MINORS] + ["manylinux2014_aarch64"]
    return [
        "--only-binary=:all:",
        *("--implementation", "cp", "--python-version", system.python),
        *(word for tag in (abi, "abi3", "none") for word in ("--abi", tag)),
        *(word for tag in platforms for word in ("--platform", tag)),
    ]


def device_dependencies(project: Path) -> list[str]:
    """Requirements of the daemon and its web page, as pyproject.toml declares them."""
    table = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    dependencies: list[str] = table["dependencies"] + table["optional-dependencies"]["web"]
    return dependencies


def pinned_dependencies(project: Path) -> list[str]:
    """The same at the versions of requirements/device.lock, which the tests run with; without numpy."""
    wanted = {normalised(re.split(r"[^\w.-]", need)[0]) for need in device_dependencies(project)} - {"numpy"}
    lock = (project / "requirements" / "device.lock").read_text()
    pins = re.findall(r"^([\w.-]+)(==[^\s;]+)", lock, re.MULTILINE)
    return [name + version for name, version in pins if normalised(name) in wanted]


def normalised(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def lock_text(report: dict[str, list[dict[str, object]]], header: str) -> str:
    """The lock file of a pip report: NAME==VERSION with its hash, without numpy.

    Args:
        report: of `pip install --dry-run --report`.
        header: comment at the top.
    """
    lines = []
    for item in report["install"]:
        metadata, info = item["metadata"], item["download_info"]
        if not (isinstance(metadata, dict) and isinstance(info, dict)) or metadata["name"] == "numpy":
            continue
        digest = info["archive_info"]["hashes"]["sha256"]
        lines.append(f"{metadata['name'].lower()}=={metadata['version']} --hash=sha256:{digest}")
    return "\n".join([header, *sorted(lines)]) + "\n"


def write_lock(project: Path, system: System) -> None:
    """Resolve anew and write requirements/pi-VERSION.lock.

    Raises:
        MissingOutsideError: pip found no compatible set.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        run_pip(
            "install",
            *("--dry-run", "--ignore-installed", "--target", folder, "--report", str(report)),
            *platform_flags(system),
            *pinned_dependencies(project),
            f"numpy=={system.numpy}",
            PIP,
        )
        text = lock_text(
            json.loads(report.read_text()),
            f"# aarch64 wheels for {system.codename} beside its numpy {system.numpy}; written by `make lock`",
        )
    write_whole_bytes(project / "requirements" / system.lock_name, text.encode())


def download(project: Path, system: System, folder: Path) -> None:
    """Fetch every locked wheel of a system into a folder; pip verifies the hashes.

    Raises:
        MissingOutsideError: a wheel cannot be fetched, or is not the locked one.
    """
    run_pip(
        "download",
        *("--no-deps", "--require-hashes", "--dest", str(folder), *platform_flags(system)),
        *("--requirement", str(project / "requirements" / system.lock_name)),
    )


def run_pip(*words: str) -> None:
    """Run this environment's pip.

    Raises:
        MissingOutsideError: it failed; the message has its last line.
    """
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise MissingOutsideError(f"pip {words[0]}: {last_line(done.stderr)}")

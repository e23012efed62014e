"""The payload: one archive that makes a Pi run the daemon, the same for every way in.

`payload.tar.zst` holds the device's wheel (models and manifests inside), the locked aarch64 wheels, the
files for the target, the steps of `install.sh`, and the SHA-256 of each. The same tree gives the same
archive, bit for bit.
"""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from device import __version__
from device.contract.errors import BadInputError, VerifyFailedError
from device.contract.files import sha256_of, write_whole, write_whole_bytes
from firmware_config.settings import UpdateSettings
from firmware_config.target_settings import key_files
from firmware_config.tools import call, last_line
from firmware_config.wheels import SYSTEMS, download

HERE = Path(__file__).parent
PROJECT = HERE.parent

TARGET_FILES = (
    "install.sh",
    "switch.sh",
    "names.sh",
    "recover.sh",
    "trial.sh",
    "packages.txt",
    "default.toml",
    "boot_fragments.py",
    "bin",
    "boot",
    "rootfs",
    "steps",
)
"""What of firmware_config/ travels."""

LEGAL = ("LICENSE", "NOTICE")
SBOM = "sbom.json"
"""CycloneDX; `make sbom` writes it and NOTICE."""

PROGRAMS = {".sh", ".py"}
"""Files with these endings may be run; so may what lies in a folder named bin or sbin."""

MAX_BYTES = 90_000_000
"""A stock boot partition has 512 MiB, half of it taken."""

NO_PART_OF_THE_WHEEL = ("__pycache__", "*.pyc", "node_modules", "client")
"""Of device/: what others compile, and the sources of the web page, which travels built."""

EPOCH = 1_577_836_800
"""2020-01-01: the time of every file in the archive and the wheel. Zip knows none before 1980."""

ARCHIVE = "payload.tar.zst"
KEYS_ARCHIVE = "landmarks.keys.tar.zst"
MANIFEST = "manifest.sha256"


@dataclass(frozen=True)
class Payload:
    """A built archive."""

    path: Path
    release: str
    """VERSION-HASH, the name of its folder on the Pi."""
    sha256: str
    """Of the archive."""


def build_device_wheel(folder: Path) -> None:
    """Put the wheel of `device` alone into a folder.

    Raises:
        BadInputError: the build failed.
    """
    with tempfile.TemporaryDirectory() as staging_name:
        staging = Path(staging_name)
        for name in ("pyproject.toml", "README.md", *LEGAL):
            shutil.copyfile(PROJECT / name, staging / name)
        shutil.copytree(
            PROJECT / "device", staging / "device", ignore=shutil.ignore_patterns(*NO_PART_OF_THE_WHEEL)
        )
        set_modes(staging)
        command = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            # The build backend is in this environment, from the lock file.
            "--no-build-isolation",
        ]
        done = subprocess.run(
            [*command, "--wheel-dir", str(folder), str(staging)],
            env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)},
            capture_output=True,
            check=False,
        )
    if done.returncode:
        raise BadInputError(f"the device's wheel cannot be built: {last_line(done.stderr)}")


def set_modes(root: Path) -> None:
    """Modes that do not depend on the umask: 755 for folders and programs, else 644."""
    for path in root.rglob("*"):
        runs = path.is_dir() or path.suffix in PROGRAMS or path.parent.name in ("bin", "sbin")
        path.chmod(0o755 if runs else 0o644)


def manifest_text(root: Path) -> str:
    """`sha256sum` lines of every file below, sorted by path."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return "".join(f"{sha256_of(path)}  {path.relative_to(root).as_posix()}\n" for path in files)


def pack(root: Path) -> bytes:
    """A folder as a tar whose bytes depend on names, modes and contents alone."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(root.rglob("*")):
            entry = archive.gettarinfo(path, path.relative_to(root).as_posix())
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = "root"
            entry.mtime = EPOCH
            if entry.isfile():
                with path.open("rb") as content:
                    archive.addfile(entry, content)
            else:
                archive.addfile(entry)
    return packed.getvalue()


def fill_tree(tree: Path, wheels: Path, edgetpu: Path | None) -> None:
    """Lay out what the archive holds, but for the manifest.

    Args:
        tree: an empty folder.
        wheels: folder with every wheel.
        edgetpu: the Edge TPU runtime's .deb, if it is wanted.
    """
    for name in TARGET_FILES:
        source = HERE / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, tree / name)
    for name in (*LEGAL, SBOM):
        shutil.copyfile(PROJECT / name, tree / name)
    shutil.copytree(wheels, tree / "wheels")
    for system in SYSTEMS:
        shutil.copyfile(PROJECT / "requirements" / system.lock_name, tree / system.lock_name)
    if edgetpu is not None:
        (tree / "edgetpu").mkdir()
        shutil.copyfile(edgetpu, tree / "edgetpu" / edgetpu.name)


def check_edgetpu(deb: Path, wanted: str) -> None:
    """Hold the Edge TPU runtime to the hash that the caller pinned.

    Raises:
        BadInputError: there is no such file, or no hash is given.
        VerifyFailedError: it is another file than the one pinned.
    """
    if not deb.is_file():
        raise BadInputError(f"EDGETPU_DEB={deb}: no such file; wanted a libedgetpu1-std .deb for arm64")
    if not wanted:
        raise BadInputError(f"EDGETPU_DEB needs EDGETPU_SHA256; this file's is {sha256_of(deb)}")
    if sha256_of(deb) != wanted.lower():
        raise VerifyFailedError(f"{deb}: SHA-256 is {sha256_of(deb)}, wanted {wanted}; fetch it again")


def build_payload(out: Path, edgetpu: Path | None = None, edgetpu_sha256: str = "") -> Payload:
    """Build the archive and the file with its hash into a folder.

    Args:
        out: folder; made where it is missing.
        edgetpu: the Edge TPU runtime's .deb.
        edgetpu_sha256: what that file must hash to.

    Raises:
        BadInputError: the result is larger than a boot partition should carry.
        MissingOutsideError: a locked wheel cannot be had.
    """
    if edgetpu is not None:
        check_edgetpu(edgetpu, edgetpu_sha256)
    with tempfile.TemporaryDirectory() as folder:
        wheels, tree = Path(folder) / "wheels", Path(folder) / "tree"
        wheels.mkdir()
        tree.mkdir()
        build_device_wheel(wheels)
        for system in SYSTEMS:
            download(PROJECT, system, wheels)
        fill_tree(tree, wheels, edgetpu)
        return seal(tree, out)


def seal(tree: Path, out: Path) -> Payload:
    """Name the release, write the manifest, pack, and write archive and hash.

    Raises:
        BadInputError: the result is larger than a boot partition should carry.
    """
    # The name is made of everything but itself; the manifest then covers the name too.
    digest = hashlib.sha256(manifest_text(tree).encode()).hexdigest()
    release = f"{__version__}-{digest[:8]}"
    (tree / "RELEASE").write_text(release + "\n")
    (tree / MANIFEST).write_text(manifest_text(tree))
    set_modes(tree)
    data = compress(pack(tree))
    if len(data) > MAX_BYTES:
        raise BadInputError(
            f"the payload has {len(data) / 1e6:.1f} MB, at most {MAX_BYTES / 1e6:.0f} MB fit; "
            "leave out a model or a wheel"
        )
    path = out / ARCHIVE
    write_whole_bytes(path, data)
    sha256 = sha256_of(path)
    write_whole(
        path.with_name(f"{ARCHIVE}.sha256"), lambda beside: beside.write_text(f"{sha256}  {ARCHIVE}\n")
    )
    return Payload(path, release, sha256)


def pack_model(folder: Path, out: Path) -> Path:
    """Pack a model and its manifest for landmarks-update.

    Raises:
        BadInputError: one of the two files is missing.
    """
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name)
        for file in ("student.tflite", "student.json"):
            if not (folder / file).is_file():
                raise BadInputError(f"no {file} in {folder}; wanted what `make convert` writes")
            shutil.copyfile(folder / file, tree / file)
        set_modes(tree)
        data = compress(pack(tree))
    path = out / f"{folder.resolve().name}.model.tar.zst"
    write_whole_bytes(path, data)
    return path


def pack_keys(update: UpdateSettings, out: Path) -> Path:
    """Pack the trusted and the revoked keys for landmarks-update, which replaces those on the Pi by them.

    Raises:
        BadInputError: there is no trusted key.
    """
    if not update.signers:
        raise BadInputError("[update] signers is empty, wanted a key at least; with none, no update is taken")
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name)
        for file, text in key_files(update).items():
            (tree / file).write_text(text)
        set_modes(tree)
        data = compress(pack(tree))
    path = out / KEYS_ARCHIVE
    write_whole_bytes(path, data)
    return path


def compress(data: bytes) -> bytes:
    """By zstd; one thread, because with more the output depends on how many."""
    return call("zstd", "--quiet", "-3", "--single-thread", "--stdout", data=data)


def read_payload(folder: Path) -> Payload:
    """A payload that was built before.

    Raises:
        BadInputError: there is none.
        VerifyFailedError: the archive is not the one whose hash lies beside it.
    """
    path = folder / ARCHIVE
    beside = path.with_name(f"{ARCHIVE}.sha256")
    if not (path.is_file() and beside.is_file()):
        raise BadInputError(f"no {ARCHIVE} with its .sha256 in {folder}; run `make payload`")
    wanted, got = beside.read_text().split()[0], sha256_of(path)
    if wanted != got:
        raise VerifyFailedError(f"{path}: SHA-256 is {got}, wanted {wanted}; run `make payload` again")
    release = call("tar", "--zstd", "-xOf", path, "RELEASE").decode().strip()
    return Payload(path, release, got)

"""The Debian double of Raspberry Pi OS Lite (trixie), for QEMU's `virt` machine.

Same partition table, same files on the boot partition, cloud-init set up the same way; but Debian's
kernel, which knows no Pi. The tree is installed once under qemu-user (some fifteen minutes) and kept by
the hash of its package list; an image is put together from it in a minute and kept by the hash of this
folder. Needs root: mmdebstrap and mke2fs -d keep the owners of files for nobody else.
"""

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from firmware_config.disk.fat import Fat
from firmware_config.payload import PROJECT
from tests.firmware_config.stock import CONFIG, GAP, MIB, SEEDS, TRIXIE_CMDLINE, write_table

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("DOUBLE_CACHE", PROJECT / "runs" / "double"))
"""Trees and images, kept between runs."""

MADE_OF = ("build.py", "init", "packages.txt", "rootfs")
"""What of this folder is in the double; the rest drives it."""

MIRROR = "http://deb.debian.org/debian"
SUITE = "trixie"
FAT_MIB, ROOT_MIB = 512, 2048
INITRD_MODULES = ("virtio_blk", "ext4")

NEEDED = ("mmdebstrap", "qemu-aarch64-static", "mke2fs", "modprobe", "depmod", "cpio", "zstd")
"""Programs beside those of the image tests."""


@dataclass(frozen=True)
class Double:
    """What QEMU is given."""

    image: Path
    kernel: Path
    initrd: Path


def package_names(text: str) -> list[str]:
    """Names of a list with a reason behind each."""
    return [line.split("#")[0].strip() for line in text.splitlines() if line.split("#")[0].strip()]


def run(*words, **more):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, **more).stdout


def bootstrap(tar: Path, variant: str, names: list[str], suite: str) -> None:
    """Install (minbase) or only unpack (extract) packages for arm64, and keep the tree as a tar."""
    half = tar.with_suffix(".half.tar")
    skipped = [f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "man", "locale", "info")]
    run(
        *("mmdebstrap", "--architectures=arm64", f"--variant={variant}", "--mode=root", "--format=tar"),
        *('--aptopt=APT::Install-Recommends "false"', *skipped, f"--include={','.join(names)}"),
        *(suite, half, MIRROR),
    )
    half.replace(tar)


def cached_tar(cache: Path, variant: str, names: list[str], suite: str = SUITE) -> Path:
    """The tree's tar, made if this list was never installed before."""
    key = hashlib.sha256("\n".join([suite, variant, *names]).encode()).hexdigest()[:12]
    tar = cache / f"{variant}-{key}.tar"
    if not tar.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        bootstrap(tar, variant, names, suite)
    return tar


def unpack_tree(cache: Path, work: Path) -> tuple[Path, str]:
    """The root tree with the kernel's modules; the kernel's version."""
    tree, kernel = work / "root", work / "kernel"
    packages = package_names((HERE / "packages.txt").read_text())
    for tar, folder in (
        (cached_tar(cache, "minbase", packages), tree),
        (cached_tar(cache, "extract", ["linux-image-arm64", "busybox-static"]), kernel),
    ):
        folder.mkdir()
        run("tar", "--extract", "--numeric-owner", "--file", tar, "--directory", folder)
    (version,) = [path.name for path in (kernel / "usr/lib/modules").iterdir()]
    shutil.copytree(kernel / "usr/lib/modules" / version, tree / "usr/lib/modules" / version, symlinks=True)
    run("depmod", "--basedir", tree / "usr", version)
    run("cp", "-R", "--no-preserve=ownership", f"{HERE / 'rootfs'}/.", tree)
    for name in ("etc/machine-id", "etc/hostname"):
        (tree / name).write_text("")
    (tree / "boot/firmware").mkdir(parents=True, exist_ok=True)
    return tree, version


def make_initrd(work: Path, tree: Path, version: str) -> None:
    """Busybox, the few modules that the root disk needs, and a dozen lines of shell."""
    root = work / "initrd"
    for name in ("bin", "modules", "proc", "sys", "dev", "new"):
        (root / name).mkdir(parents=True)
    shutil.copyfile(work / "kernel/usr/bin/busybox", root / "bin/busybox")
    (root / "bin/busybox").chmod(0o755)
    order: list[str] = []
    for module in INITRD_MODULES:
        shown = run("modprobe", "--dirname", tree / "usr", "--set-version", version, "--show-depends", module)
        for line in shown.decode().splitlines():
            kind, path = line.split()[:2]
            name = Path(path).name.removesuffix(".xz")
            if kind == "insmod" and name not in order:
                order.append(name)
                (root / "modules" / name).write_bytes(run("xz", "--decompress", "--stdout", path))
    (root / "modules/order").write_text("".join(f"{name}\n" for name in order))
    shutil.copyfile(HERE / "init", root / "init")
    (root / "init").chmod(0o755)
    listing = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*"))).encode()
    archive = run("cpio", "--create", "--format=newc", "--quiet", cwd=root, input=listing)
    (work / "initrd.cpio").write_bytes(archive)


def write_image(path: Path, tree: Path) -> None:
    """Partition table, boot partition and root partition, without a loop device."""
    fat, root = FAT_MIB * MIB, ROOT_MIB * MIB
    with path.open("wb") as stream:
        stream.truncate(GAP + fat + root)
    write_table(path, fat)
    run("mformat", "-i", f"{path}@@{GAP}", "-F", "-T", fat // 512, "-h", 64, "-s", 32, "-v", "bootfs", "::")
    boot = Fat(path, GAP)
    for name, data in {
        "config.txt": CONFIG.encode(),
        "cmdline.txt": TRIXIE_CMDLINE.encode(),
        "kernel8.img": b"QEMU is given its kernel by hand",
        **SEEDS,
    }.items():
        boot.write(name, data)
    run("mke2fs", "-q", "-F", "-t", "ext4", "-d", tree, "-E", f"offset={GAP + fat}", path, f"{ROOT_MIB}M")


def folder_key() -> str:
    """A hash of all that the double is made of."""
    digest = hashlib.sha256()
    for path in sorted(path for name in MADE_OF for path in [HERE / name, *(HERE / name).rglob("*")]):
        # A link's target is the double's, not this machine's.
        content = str(path.readlink()).encode() if path.is_symlink() else b""
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
        if content:
            digest.update(str(path.relative_to(HERE)).encode() + b"\0" + content + b"\0")
    return digest.hexdigest()[:12]


def build_double(cache: Path) -> Double:
    """The double, put together unless it lies in the cache.

    Args:
        cache: folder of trees and images; kept between runs.
    """
    made = cache / f"double-{folder_key()}"
    if not made.is_dir():
        work = cache / "double-half"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        put_together(cache, work)
        work.replace(made)
    return Double(made / "raspios-double.img", made / "vmlinuz", made / "initrd.cpio")


def put_together(cache: Path, work: Path) -> None:
    """Fill an empty folder with image, kernel and initrd."""
    tree, version = unpack_tree(cache, work)
    make_initrd(work, tree, version)
    write_image(work / "raspios-double.img", tree)
    shutil.copyfile(work / "kernel/boot" / f"vmlinuz-{version}", work / "vmlinuz")
    for folder in (tree, work / "kernel", work / "initrd"):
        shutil.rmtree(folder)

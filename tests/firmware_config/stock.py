"""A small image laid out like a stock Raspberry Pi OS: the same table, the same files that we read."""

import subprocess
from pathlib import Path

from device.contract.files import sha256_of
from firmware_config.disk.fat import Fat
from firmware_config.payload import Payload, compress, pack

MIB = 1 << 20
GAP = 4 * MIB

CONFIG = """# For more options and information see
# http://rptl.io/configtxt

# Automatically load overlays for detected cameras
camera_auto_detect=1
arm_64bit=1

[cm4]
otg_mode=1

[all]
"""
TRIXIE_CMDLINE = (
    "console=serial0,115200 console=tty1 root=PARTUUID=4f5a9b1c-02 "
    "rootfstype=ext4 fsck.repair=yes rootwait resize\n"
)
BOOKWORM_CMDLINE = TRIXIE_CMDLINE.replace("resize", "quiet init=/usr/lib/raspberrypi-sys-mods/firstboot")

SEEDS = {"user-data": b"#cloud-config\n", "meta-data": b"instance_id: rpios-image\n", "network-config": b""}


def run(*words, data=None):
    subprocess.run([str(word) for word in words], input=data, capture_output=True, check=True)


def write_table(path: Path, fat_bytes: int) -> None:
    """Raspberry Pi OS' partition table: FAT32, then Linux to the end."""
    table = [
        "label: dos",
        "label-id: 0x4f5a9b1c",
        f"start={GAP // 512}, size={fat_bytes // 512}, type=c",
        f"start={(GAP + fat_bytes) // 512}, type=83",
    ]
    run("sfdisk", "--quiet", path, data="\n".join(table).encode())


def make_stock(path: Path, system: str = "trixie", fat_mib: int = 48, root_mib: int = 16) -> Path:
    """Write an image with a boot partition and a root partition full of a pattern."""
    fat, root = fat_mib * MIB, root_mib * MIB
    with path.open("wb") as stream:
        stream.truncate(GAP + fat + root)
        stream.seek(GAP + fat)
        stream.write(b"root" * (MIB // 4))
    write_table(path, fat)
    run("mformat", "-i", f"{path}@@{GAP}", "-T", fat // 512, "-h", 64, "-s", 32, "-v", "bootfs", "::")
    boot = Fat(path, GAP)
    boot.write("config.txt", CONFIG.encode())
    boot.write("kernel8.img", b"kernel")
    if system == "trixie":
        boot.write("cmdline.txt", TRIXIE_CMDLINE.encode())
        for name, data in SEEDS.items():
            boot.write(name, data)
    else:
        boot.write("cmdline.txt", BOOKWORM_CMDLINE.encode())
    return path


def make_small_payload(folder: Path, tree: Path) -> Payload:
    """An archive of any tree, without building wheels."""
    path = folder / "payload.tar.zst"
    path.write_bytes(compress(pack(tree)))
    digest = sha256_of(path)
    path.with_name(path.name + ".sha256").write_text(f"{digest}  {path.name}\n")
    return Payload(path, "0.0.0-test", digest)

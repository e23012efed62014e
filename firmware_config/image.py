"""A stock Raspberry Pi OS image with our payload and settings in its boot partition: no root, no mount."""

import subprocess
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from device.contract.errors import BadInputError
from device.contract.files import sha256_of, write_whole
from firmware_config.boot_fragments import fragment_words, with_fragment, with_words
from firmware_config.cloud_init import meta_data, network_config, user_data
from firmware_config.disk.fat import Fat
from firmware_config.disk.partitions import find_boot_partition
from firmware_config.first_run import WORDS, first_run_script
from firmware_config.payload import HERE, Payload
from firmware_config.settings import PiSettings
from firmware_config.stock import WANTED, check_stock
from firmware_config.target_settings import target_files
from firmware_config.tools import call, find_tool, last_line

FIRST_BOOT_FILES = ("first_boot.sh", "take_secrets.sh", "landmarks-first-boot.service")
FOLDER = "landmarks"
"""Ours on the boot partition."""

SPARE_BYTES = 8_000_000
"""Left free beside the payload: logs, and the system's own updates of its firmware."""


class FirstStart(Enum):
    """How a system takes its settings at the first start."""

    CLOUD_INIT = "cloud-init"
    """Raspberry Pi OS trixie and later."""
    FIRST_RUN = "first-run script"
    """Raspberry Pi OS bookworm."""


@dataclass(frozen=True)
class Image:
    """A customised image; .bmap and .sha256 lie beside it."""

    path: Path
    first_start: FirstStart

    @property
    def bmap(self) -> Path:
        """The map of what is written, with checksums."""
        return self.path.with_name(self.path.name + ".bmap")


def find_first_start(fat: Fat) -> FirstStart:
    """How this image takes its settings.

    Raises:
        BadInputError: it is no 64-bit Raspberry Pi OS that we know.
    """
    names = fat.names()
    if missing := {"config.txt", "cmdline.txt"} - names:
        raise BadInputError(f"{fat.image}: no {min(missing)} in its boot partition; wanted {WANTED}")
    if "kernel8.img" not in names:
        raise BadInputError(f"{fat.image}: no 64-bit kernel (kernel8.img); wanted {WANTED}")
    if names & {"user-data", "meta-data"}:
        return FirstStart.CLOUD_INIT
    if "init=/usr/lib/raspberrypi-sys-mods/firstboot" in fat.read("cmdline.txt"):
        return FirstStart.FIRST_RUN
    raise BadInputError(
        f"{fat.image}: neither cloud-init's files nor the first start of bookworm; wanted an image of "
        "Raspberry Pi OS Lite (64-bit) as downloaded, bookworm or trixie"
    )


def inject(fat: Fat, payload: Payload, settings: PiSettings, token: str) -> FirstStart:
    """Write payload, settings, seeds and our lines into a boot partition.

    Args:
        fat: of the image.
        payload: what is installed at the first start.
        settings: of pi.toml.
        token: another one each time: cloud-init does nothing for an instance that it knows.

    Raises:
        BadInputError: an unknown system, or no room.
    """
    first_start = find_first_start(fat)
    needed, free = payload.path.stat().st_size + SPARE_BYTES, fat.free_bytes()
    if free < needed and FOLDER not in fat.names():
        raise BadInputError(
            f"{fat.image}: {free / 1e6:.0f} MB free in its boot partition, wanted {needed / 1e6:.0f}; "
            "use a stock image"
        )
    put_installer(fat, payload, settings)
    words = fragment_words((HERE / "boot" / "cmdline.txt").read_text())
    if first_start is FirstStart.CLOUD_INIT:
        instance = f"landmarks-{token}"
        # Imager pins an instance on the command line too, and that one beats meta-data's.
        words.append(f"ds=nocloud;i={instance}")
        fat.write("user-data", user_data(settings).encode())
        fat.write("network-config", network_config(settings).encode())
        fat.write("meta-data", meta_data(instance).encode())
    else:
        words += WORDS
        fat.write("firstrun.sh", first_run_script(settings).encode())
    fragment = (HERE / "boot" / "config.txt").read_text()
    fat.write("config.txt", with_fragment(fat.read("config.txt"), fragment).encode())
    cmdline = with_words(fat.read("cmdline.txt"), words, replaced=("ds=", "systemd.run"))
    fat.write("cmdline.txt", cmdline.encode())
    return first_start


def put_installer(fat: Fat, payload: Payload, settings: PiSettings) -> None:
    """Our folder: payload, its hash, the scripts of the first start, and what pi.toml means."""
    # What an earlier pi.toml gave and this one does not must not stay.
    fat.make_empty_folder(FOLDER)
    fat.make_folder(f"{FOLDER}/settings")
    fat.copy_in(payload.path, f"{FOLDER}/{payload.path.name}")
    fat.write(f"{FOLDER}/{payload.path.name}.sha256", f"{payload.sha256}  {payload.path.name}\n".encode())
    for name in FIRST_BOOT_FILES:
        fat.copy_in(HERE / "first_boot" / name, f"{FOLDER}/{name}")
    for name, text in target_files(settings).items():
        fat.write(f"{FOLDER}/settings/{name}", text.encode())


def copy_stock(stock: Path, to: Path) -> None:
    """A raw copy with holes where the image is empty.

    Raises:
        BadInputError: the file is damaged.
    """
    if stock.suffix != ".xz":
        call("cp", "--sparse=always", "--reflink=auto", stock, to)
        return
    with to.open("wb") as stream:
        done = subprocess.run(
            [find_tool("xz"), "--decompress", "--stdout", str(stock)],
            stdout=stream,
            stderr=subprocess.PIPE,
            check=False,
        )
    if done.returncode:
        raise BadInputError(f"{stock}: cannot be unpacked ({last_line(done.stderr)}); download it again")


def make_image(stock: Path, out: Path, payload: Payload, settings: PiSettings, token: str) -> Image:
    """Customise a copy of a stock image, and map and hash it.

    Args:
        stock: .img or .img.xz; stays as it is.
        out: folder of the result.
        payload: what is installed at the first start.
        settings: of pi.toml.
        token: another one each time.

    Raises:
        BadInputError: the image, its system or its size does not fit.
        VerifyFailedError: the image is not what was published.
        WriteFailedError: the folder cannot be written.
    """
    check_stock(stock)
    name = stock.name.removesuffix(".xz").removesuffix(".img")
    path = out / f"{name}-landmarks.img"
    found = []

    def fill(beside: Path) -> None:
        copy_stock(stock, beside)
        fat = Fat(beside, find_boot_partition(beside).start_bytes)
        found.append(inject(fat, payload, settings, token))

    write_whole(path, fill)
    # It holds the Wi-Fi key and the broker's password.
    path.chmod(0o600)
    image = Image(path, found[0])
    write_whole(image.bmap, lambda beside: call("bmaptool", "create", "--output", beside, path))
    digest = sha256_of(path)
    beside_path = path.with_name(path.name + ".sha256")
    write_whole(beside_path, lambda beside: beside.write_text(f"{digest}  {path.name}\n"))
    return image

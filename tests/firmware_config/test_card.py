"""Writing and reading back, on a real block device: a loop device, where the machine lets us have one."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from device.contract.errors import RefusedError, VerifyFailedError, WriteFailedError
from firmware_config.card import hold, verify_ranges, write_ranges
from firmware_config.disk.bmap import read_bmap
from firmware_config.disk.disks import find_disk, read_disks
from firmware_config.flash import Target, find_target, write_card
from firmware_config.image import make_image
from firmware_config.settings import PiSettings
from tests.firmware_config.stock import GAP, MIB

PATTERN = b"\xa5" * MIB
SPARE_MIB = 8


def ignore(_bytes):
    pass


@pytest.fixture
def loops(tmp_path):
    """A function that makes loop devices of files; all are let go at the end."""
    made = []

    def make(path):
        done = subprocess.run(
            ["losetup", "--find", "--show", path], capture_output=True, text=True, check=False
        )
        if done.returncode:
            # Not a missing program but a machine that lends none, as most containers: nothing to mend.
            pytest.skip(f"no loop device to be had here, so no card was written: {done.stderr.strip()}")
        made.append(done.stdout.strip())
        device = Path(made[-1])
        # Under load sysfs tells the new size a moment later.
        while find_disk(read_disks(), device).size_bytes == 0:
            time.sleep(0.05)
        return device

    yield make
    for device in made:
        subprocess.run(["losetup", "--detach", device], check=True)


def mounted_disk(loops, folder):
    """A loop device with a mounted file system, and where it is mounted."""
    content, place = folder / "ext4", folder / "mounted"
    with content.open("wb") as stream:
        stream.truncate(256 * MIB)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", content], check=True)
    device = loops(content)
    place.mkdir()
    mounted = subprocess.run(["mount", device, place], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"mounting is not allowed here: {mounted.stderr.strip()}")
    return device, place


@pytest.fixture
def image(trixie, payload, tmp_path):
    return make_image(trixie, tmp_path / "out", payload, PiSettings(), "1a2b")


@pytest.fixture
def backing(image, tmp_path):
    """A card's content: larger than the image, and full of a pattern."""
    path = tmp_path / "card"
    path.write_bytes(PATTERN * (image.path.stat().st_size // MIB + SPARE_MIB))
    return path


def target(device, **more):
    return Target(device, confirm=str(device), allow_loop=True, **more)


def test_the_card_holds_the_image_and_what_lies_behind_it_stays(image, backing, loops):
    write_card(image, target(loops(backing)))
    wanted, got, bmap = image.path.read_bytes(), backing.read_bytes(), read_bmap(image.bmap)
    mapped = [(part.start_bytes, part.start_bytes + part.size_bytes) for part in bmap.ranges]
    for start, end in mapped:
        assert got[start:end] == wanted[start:end]
    # Holes are not written, nor anything behind the image.
    gaps = zip([0, *(end for _, end in mapped)], [*(start for start, _ in mapped), len(got)], strict=True)
    assert all(set(got[start:end]) <= {0xA5} for start, end in gaps)
    assert got[len(wanted) :] == PATTERN * SPARE_MIB


def test_no_other_device_is_written(image, backing, loops, tmp_path):
    neighbour = tmp_path / "neighbour"
    neighbour.write_bytes(PATTERN * 16)
    loops(neighbour)
    write_card(image, target(loops(backing)))
    assert neighbour.read_bytes() == PATTERN * 16


def test_without_confirmation_nothing_is_written(image, backing, loops, tmp_path, root):
    device = loops(backing)
    before = backing.read_bytes()
    command = [sys.executable, "-m", "firmware_config", "flash", tmp_path / "raspios-trixie.img"]
    done = subprocess.run(
        [*command, "--device", device, "--allow-loop", "--payload", tmp_path / "payload", "--out", tmp_path],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "dry run, nothing was written" in done.stdout
    assert f"CONFIRM={device}" in done.stdout
    assert backing.read_bytes() == before


def test_a_confirmation_of_another_device_is_refused(backing, loops):
    device = loops(backing)
    with pytest.raises(RefusedError, match="is not DEVICE"):
        find_target(Target(device, confirm="/dev/sda", allow_loop=True), 0)


def test_a_loop_device_is_refused_unless_a_test_allows_it(backing, loops):
    with pytest.raises(RefusedError, match="is a loop device"):
        find_target(Target(loops(backing)), 0)


def test_a_mounted_device_is_refused_by_our_rule_and_by_the_kernel(image, loops, tmp_path):
    device, place = mounted_disk(loops, tmp_path)
    try:
        with pytest.raises(RefusedError, match="is mounted on"):
            write_card(image, target(device))
        disk = find_disk(read_disks(), device)
        # As if it had been mounted after the check: the second line of defence.
        with pytest.raises(RefusedError, match="is in use"), hold(replace(disk, mountpoints=())):
            pass
        (place / "still").write_text("here")
    finally:
        subprocess.run(["umount", place], check=True)


def test_unmount_lets_go_of_what_is_mounted_and_then_writes(image, loops, tmp_path):
    device, place = mounted_disk(loops, tmp_path)
    write_card(image, target(device, unmount=True))
    assert not place.is_mount()


def test_a_card_that_is_too_small_is_refused(image, loops, tmp_path):
    small = tmp_path / "small"
    small.write_bytes(PATTERN * 8)
    with pytest.raises(RefusedError, match="use a larger card"):
        write_card(image, target(loops(small)))
    assert small.read_bytes() == PATTERN * 8


def test_another_disk_under_the_same_name_is_refused(backing, loops):
    device = loops(backing)
    disk = find_disk(read_disks(), device)
    with pytest.raises(RefusedError, match="no longer the disk"), hold(replace(disk, number="8:99")):
        pass
    with pytest.raises(RefusedError, match="no longer the disk"), hold(replace(disk, size_bytes=1)):
        pass


def test_a_file_is_no_disk(backing, tmp_path):
    from firmware_config.disk.disks import Disk

    file = Disk("card", str(backing), "disk", backing.stat().st_size, "0:0", removable=True)
    with pytest.raises((RefusedError, WriteFailedError)), hold(file):
        pass


def test_what_reads_back_differently_is_told_with_its_place(image, backing, loops):
    loop = loops(backing)
    disk, bmap = find_disk(read_disks(), loop), read_bmap(image.bmap)
    with hold(disk) as device:
        write_ranges(image.path, bmap, device, ignore)
        verify_ranges(bmap, device, ignore)
        os.pwrite(device, b"rot", GAP + 100)
        os.fsync(device)
        with pytest.raises(VerifyFailedError, match="read back differently"):
            verify_ranges(bmap, device, ignore)


def test_a_device_that_takes_no_more_is_a_write_that_failed(image, backing, loops, tmp_path):
    """A descriptor that may not be written stands for a card that has died."""
    bmap = read_bmap(image.bmap)
    device = os.open(loops(backing), os.O_RDONLY)
    try:
        with pytest.raises(WriteFailedError, match="half written"):
            write_ranges(image.path, bmap, device, ignore)
    finally:
        os.close(device)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["flash", "IMAGE", "--device", "/dev/null"], 6),
        (["flash", "IMAGE", "--device", "LOOP"], 6),
        (["image", "MISSING"], 3),
    ],
)
def test_exit_codes_tell_refusal_from_bad_input(image, backing, loops, tmp_path, root, words, code):
    places = {"IMAGE": str(tmp_path / "raspios-trixie.img"), "LOOP": str(loops(backing)), "MISSING": "no.img"}
    command = [sys.executable, "-m", "firmware_config", *(places.get(word, word) for word in words)]
    done = subprocess.run(
        [*command, "--payload", tmp_path / "payload"], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr

"""Every reason not to write a disk, on trees as lsblk tells them, and what may be written."""

import json
from pathlib import Path

import pytest

from device.contract.errors import BadInputError, RefusedError
from firmware_config.disk.disks import find_disk, parse_disks
from firmware_config.flash import Target, find_target
from firmware_config.safety import RULES, Limits, check_disk

GB = 10**9
LIMITS = Limits(image_bytes=3 * GB)


def entry(name, kind="disk", size=32 * GB, **more):
    """One device as `lsblk --json --bytes` writes it."""
    blank = {"rm": False, "hotplug": False, "tran": None, "ro": False, "mountpoints": [None], "fstype": None}
    return {
        "name": name,
        "path": f"/dev/{name}",
        "type": kind,
        "size": size,
        "maj:min": "8:16",
        **blank,
        **more,
    }


def card(**more):
    return entry("sdb", tran="usb", rm=True, hotplug=True, vendor="Generic ", model="STORAGE DEVICE", **more)


def disk_of(tree, sysfs="/nonexistent"):
    (disk,) = parse_disks(json.dumps({"blockdevices": [tree]}).encode(), Path(sysfs))
    return disk


def refusal(tree, limits=LIMITS, sysfs="/nonexistent"):
    with pytest.raises(RefusedError) as refused:
        check_disk(disk_of(tree, sysfs), limits)
    return str(refused.value)


@pytest.mark.parametrize(
    "tree",
    [
        card(children=[entry("sdb1", "part", fstype="vfat"), entry("sdb2", "part", fstype="ext4")]),
        entry("mmcblk0", tran="mmc"),
        entry("mmcblk0"),
        entry("sdb", tran="usb"),
        entry("sdb", hotplug=True),
        entry("sdb", rm="1"),
    ],
    ids=[
        "usb reader",
        "mmc",
        "built-in reader that says nothing",
        "usb bridge that says rm=0",
        "hotplug",
        "old lsblk",
    ],
)
def test_a_card_may_be_written(tree):
    check_disk(disk_of(tree), LIMITS)


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (entry("sdb1", "part", tran="usb"), "is a partition"),
        (entry("dm-0", "crypt", rm=True), "is of type crypt"),
        (entry("loop3", "loop"), "is a loop device"),
        (entry("sda", tran="sata"), "is built in (transport sata)"),
        (entry("nvme0n1", tran="nvme"), "is built in (transport nvme)"),
        (entry("vda"), "is built in (transport unknown)"),
        (card(ro=True), "is read-only"),
        (card(size=2 * GB), "the image 3.00; use a larger card"),
        (card(size=2000 * GB), "raise MAX_SIZE_GIB"),
        (card(mountpoints=["/media/ada/PHOTOS"]), "is mounted on /media/ada/PHOTOS"),
        (card(children=[entry("sdb1", "part", mountpoints=["/mnt"])]), "is mounted on /mnt"),
    ],
)
def test_what_is_no_card_is_refused_with_the_reason(tree, said):
    sentence = refusal(tree)
    assert said in sentence
    assert sentence.endswith("nothing was written")


@pytest.mark.parametrize(
    "place", ["/", "/boot", "/boot/efi", "/boot/firmware", "/home", "/var/lib/docker", "/usr/local", "[SWAP]"]
)
def test_the_systems_own_disk_is_refused_even_on_usb(place):
    # A Pi or a laptop that runs from a stick: removable, on USB, and not to be touched.
    assert "is a disk of this system" in refusal(
        card(children=[entry("sdb1", "part", mountpoints=[None, place])])
    )


def test_the_system_below_luks_and_lvm_is_found():
    root = entry("vg-root", "lvm", mountpoints=["/"])
    locked = entry("luks-1", "crypt", fstype="LVM2_member", children=[root])
    tree = card(children=[entry("sdb1", "part", fstype="crypto_LUKS", children=[locked])])
    assert "is a disk of this system (/dev/vg-root is /)" in refusal(tree)


@pytest.mark.parametrize("kind", ["LVM2_member", "crypto_LUKS", "linux_raid_member", "zfs_member", "bcache"])
def test_a_member_of_something_larger_is_refused(kind):
    assert "is part of something larger" in refusal(card(children=[entry("sdb1", "part", fstype=kind)]))


def test_a_holder_in_sysfs_refuses_a_disk_that_lsblk_shows_bare(tmp_path):
    (tmp_path / "class/block/sdb/holders/md0").mkdir(parents=True)
    assert "is in use by md0" in refusal(card(), sysfs=tmp_path)


def test_a_holder_of_a_partition_refuses_the_disk(tmp_path):
    (tmp_path / "class/block/sdb1/holders/dm-3").mkdir(parents=True)
    assert "is in use by dm-3 (/dev/sdb1)" in refusal(card(children=[entry("sdb1", "part")]), sysfs=tmp_path)


def test_a_larger_limit_lets_a_larger_card_pass():
    check_disk(disk_of(card(size=500 * GB)), Limits(3 * GB, max_size_gib=500))


def test_a_loop_device_passes_only_when_a_test_allows_it():
    check_disk(disk_of(entry("loop3", "loop")), Limits(3 * GB, allow_loop=True))
    assert "loop device" in refusal(entry("loop3", "loop"))


def test_each_rule_has_a_case_that_only_it_refuses():
    """A rule that never speaks would be a hole that no other test shows."""
    cases = [
        entry("sdb1", "part", tran="usb"),
        card(mountpoints=["/"]),
        card(fstype="LVM2_member"),
        entry("sda", tran="sata"),
        card(mountpoints=["/mnt"]),
        card(ro=True),
        card(size=GB),
        card(size=2000 * GB),
    ]
    first = [next(rule for rule in RULES if rule(disk_of(tree), LIMITS)) for tree in cases]
    assert first == list(RULES)


def test_a_disk_that_may_not_be_written_is_not_unmounted_either(monkeypatch):
    tree = entry("sda", tran="sata", children=[entry("sda1", "part", mountpoints=["/mnt/archive"])])
    calls = []
    monkeypatch.setattr("firmware_config.target.read_disks", lambda: [disk_of(tree)])
    monkeypatch.setattr("firmware_config.target.unmount", calls.append)
    with pytest.raises(RefusedError, match="is built in"):
        find_target(Target(Path("/dev/sda"), confirm="/dev/sda", unmount=True), 0)
    assert not calls


def test_an_unknown_device_is_refused_with_those_that_are_there(tmp_path):
    with pytest.raises(RefusedError, match="disks here: /dev/sdb"):
        find_disk([disk_of(card())], tmp_path / "sdz")


def test_a_link_to_a_disk_finds_the_disk(tmp_path):
    link = tmp_path / "usb-Generic_STORAGE-0:0"
    link.symlink_to("/dev/sdb")
    assert find_disk([disk_of(card())], link).path == "/dev/sdb"


@pytest.mark.parametrize("listing", [b"", b"[]", b'{"blockdevices": 3}', b'{"blockdevices": [3]}'])
def test_a_listing_that_is_none_is_an_error_and_no_disk(listing):
    with pytest.raises(BadInputError, match="cannot be read"):
        parse_disks(listing)

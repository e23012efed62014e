"""A stock image gets payload, seeds and our lines, and is changed nowhere else."""

import json
import os
import re
import resource
import subprocess
import time

import pytest

from device.contract.errors import BadInputError, VerifyFailedError
from device.contract.files import sha256_of
from firmware_config.disk.bmap import read_bmap
from firmware_config.disk.fat import Fat
from firmware_config.image import FirstStart, make_image
from firmware_config.settings import BrokerSettings, PiSettings, UserSettings, WifiSettings
from tests.firmware_config.stock import CONFIG, GAP, MIB, TRIXIE_CMDLINE, make_stock

PSK = "0123456789abcdef" * 4
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFakeFakeFakeFakeFakeFakeFakeFakeFakeFake me@laptop"
SETTINGS = PiSettings(
    hostname="porch",
    source="demo:",
    user=UserSettings("ada", (KEY,)),
    wifi=WifiSettings('it\'s "ours"', PSK, "DE"),
    broker=BrokerSettings("mqtt://broker.local", "porch", 'pass"word$1'),
)


def test_trixie_gets_seeds_payload_and_lines(trixie, payload, tmp_path):
    image = make_image(trixie, tmp_path / "out", payload, SETTINGS, "1a2b")
    boot = Fat(image.path, GAP)
    assert image.first_start is FirstStart.CLOUD_INIT
    head, _, body = boot.read("user-data").partition("\n")
    user = json.loads(body)
    assert head == "#cloud-config"
    assert user["hostname"] == "porch"
    assert user["users"][0]["ssh_authorized_keys"] == [KEY]
    assert user["users"][0]["lock_passwd"] is True
    points = json.loads(boot.read("network-config"))["wifis"]["wlan0"]["access-points"]
    assert points == {'it\'s "ours"': {"password": PSK}}
    assert json.loads(boot.read("meta-data")) == {"instance-id": "landmarks-1a2b"}
    assert boot.read("cmdline.txt").split() == [
        *TRIXIE_CMDLINE.split(),
        "cgroup_enable=memory",
        "ds=nocloud;i=landmarks-1a2b",
    ]
    assert boot.read("config.txt").startswith(CONFIG.rstrip("\n"))
    assert 'sinks = ["mqtt://porch@broker.local/porch"]' in boot.read("landmarks/settings/daemon.toml")
    assert boot.read("landmarks/settings/secrets.env") == 'LANDMARKS_MQTT_PASSWORD="pass\\"word\\$1"\n'
    copied = subprocess.run(
        ["mtype", "-i", boot.drive, "::landmarks/payload.tar.zst"], capture_output=True, check=True
    )
    assert copied.stdout == payload.path.read_bytes()


def test_bookworm_gets_a_first_run_script_that_a_shell_can_read(bookworm, payload, tmp_path):
    image = make_image(bookworm, tmp_path / "out", payload, SETTINGS, "1a2b")
    boot = Fat(image.path, GAP)
    assert image.first_start is FirstStart.FIRST_RUN
    cmdline = boot.read("cmdline.txt")
    assert cmdline.count("\n") == 1
    assert "systemd.run=/boot/firmware/firstrun.sh" in cmdline.split()
    assert "init=/usr/lib/raspberrypi-sys-mods/firstboot" in cmdline.split()
    script = boot.read("firstrun.sh")
    subprocess.run(["sh", "-n"], input=script.encode(), check=True)
    # What a shell makes of the quoting, told by a stand-in for the system's own tool.
    stand_in = tmp_path / "told.sh"
    stand_in.write_text('#!/bin/sh\nfor word in "$@"; do echo "<$word>"; done\n')
    wlan = next(line for line in script.splitlines() if "set_wlan" in line)
    wlan = re.sub(r"^\S+", f"sh {stand_in}", wlan)
    told = subprocess.run(["sh", "-c", wlan], capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == ["<set_wlan>", '<it\'s "ours">', f"<{PSK}>", "<DE>"]
    assert "user-data" not in boot.names()


def test_everything_outside_the_boot_partition_stays_as_it_was(trixie, payload, tmp_path):
    before, stock_bytes = sha256_of(trixie), trixie.read_bytes()
    image = make_image(trixie, tmp_path / "out", payload, SETTINGS, "1a2b")
    made = image.path.read_bytes()
    assert sha256_of(trixie) == before
    assert made[:GAP] == stock_bytes[:GAP]
    assert made[GAP + 48 * MIB :] == stock_bytes[GAP + 48 * MIB :]
    assert made[GAP : GAP + 48 * MIB] != stock_bytes[GAP : GAP + 48 * MIB]


def test_a_second_customisation_replaces_the_first_and_names_another_instance(trixie, payload, tmp_path):
    first = make_image(trixie, tmp_path / "one", payload, SETTINGS, "aaaa")
    used = make_image(first.path, tmp_path / "two", payload, PiSettings(hostname="hall"), "bbbb")
    boot = Fat(used.path, GAP)
    assert boot.read("cmdline.txt").count("ds=nocloud") == 1
    assert "ds=nocloud;i=landmarks-bbbb" in boot.read("cmdline.txt").split()
    assert boot.read("config.txt") == Fat(first.path, GAP).read("config.txt")
    assert json.loads(boot.read("user-data").partition("\n")[2])["hostname"] == "hall"


def test_what_only_the_earlier_settings_had_is_not_left_behind(trixie, payload, tmp_path):
    first = make_image(trixie, tmp_path / "one", payload, SETTINGS, "aaaa")
    used = make_image(first.path, tmp_path / "two", payload, PiSettings(hostname="hall"), "bbbb")
    with pytest.raises(BadInputError):
        Fat(used.path, GAP).read("landmarks/settings/secrets.env")


def test_bmap_and_hash_describe_the_image(trixie, payload, tmp_path):
    image = make_image(trixie, tmp_path / "out", payload, SETTINGS, "1a2b")
    bmap = read_bmap(image.bmap)
    assert bmap.image_bytes == image.path.stat().st_size
    assert 0 < bmap.mapped_bytes < bmap.image_bytes
    beside = image.path.with_name(image.path.name + ".sha256")
    assert beside.read_text().split() == [sha256_of(image.path), image.path.name]


def test_the_image_is_for_its_owner_only_because_it_holds_the_wifi_key(trixie, payload, tmp_path):
    image = make_image(trixie, tmp_path / "out", payload, SETTINGS, "1a2b")
    assert image.path.stat().st_mode & 0o777 == 0o600


def test_a_compressed_image_gives_the_same_as_a_raw_one(trixie, payload, tmp_path):
    subprocess.run(["xz", "-0", "--keep", str(trixie)], check=True)
    raw = make_image(trixie, tmp_path / "raw", payload, SETTINGS, "1a2b")
    unpacked = make_image(trixie.with_name(trixie.name + ".xz"), tmp_path / "xz", payload, SETTINGS, "1a2b")
    for name in ("user-data", "cmdline.txt", "landmarks/payload.tar.zst.sha256"):
        assert Fat(raw.path, GAP).read(name) == Fat(unpacked.path, GAP).read(name)
    assert raw.path.name == unpacked.path.name


def delete(image, *names):
    subprocess.run(["mdel", "-i", f"{image}@@{GAP}", *(f"::{name}" for name in names)], check=True)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_bytes(b"x" * MIB), "no partition table"),
        (lambda path: path.write_bytes(path.read_bytes()[: 20 * MIB]), "ends before its boot partition"),
        (lambda path: delete(path, "kernel8.img"), "no 64-bit kernel"),
        (lambda path: delete(path, "config.txt"), "no config.txt"),
        (lambda path: delete(path, "user-data", "meta-data"), "neither cloud-init"),
        (lambda path: Fat(path, GAP).write("big", bytes(41 * MIB)), "MB free in its boot partition"),
    ],
)
def test_an_image_that_does_not_fit_is_refused_with_a_reason(trixie, payload, tmp_path, spoil, said):
    spoil(trixie)
    with pytest.raises(BadInputError, match=said):
        make_image(trixie, tmp_path / "out", payload, SETTINGS, "1a2b")
    assert not list((tmp_path / "out").glob("*"))


def test_a_download_that_is_not_what_was_published_is_refused(trixie, payload, tmp_path):
    trixie.with_name(trixie.name + ".sha256").write_text(f"{'0' * 64}  {trixie.name}\n")
    with pytest.raises(VerifyFailedError, match="download it again"):
        make_image(trixie, tmp_path / "out", payload, SETTINGS, "1a2b")


def test_a_damaged_archive_is_refused(trixie, payload, tmp_path):
    broken = tmp_path / "broken.img.xz"
    broken.write_bytes(b"no xz at all")
    with pytest.raises(BadInputError, match="cannot be unpacked"):
        make_image(broken, tmp_path / "out", payload, SETTINGS, "1a2b")


def processor_seconds():
    """Of this process and of those it has waited for."""
    uses = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in uses)


@pytest.mark.slow
def test_an_image_of_the_stock_size_takes_under_a_minute(payload, tmp_path, image_tools):
    stock = make_stock(tmp_path / "full.img", fat_mib=512, root_mib=2288)
    with stock.open("r+b") as stream:  # a stock image is about half full
        stream.seek(GAP + 600 * MIB)
        for _ in range(120):
            stream.write(os.urandom(10 * MIB))
    begun, worked = time.monotonic(), processor_seconds()
    image = make_image(stock, tmp_path / "out", payload, SETTINGS, "1a2b")
    seconds, worked = time.monotonic() - begun, processor_seconds() - worked
    size = image.path.stat().st_size
    print(f"\n{size / 1e9:.2f} GB image in {seconds:.1f} s, {worked:.1f} s of a processor")
    assert size > 2.8e9
    # Other programs may hold this one up; what it needs itself they do not change.
    assert worked < 60

"""The files for the target as systemd and udev read them, and the scripts of the first start."""

import os
import re
import shutil
import subprocess

import pytest

from firmware_config.payload import HERE
from tests.firmware_config.stock import make_small_payload
from tests.needs import need

SYSTEM = HERE / "rootfs/etc/systemd/system"
MOST_EXPOSED = 2.0


def test_the_services_exposure_is_at_most_two():
    need("systemd-analyze")
    command = [
        "systemd-analyze",
        "security",
        "--offline=yes",
        "--no-pager",
        f"--threshold={MOST_EXPOSED * 10:.0f}",
    ]
    done = subprocess.run(
        [*command, SYSTEM / "landmarks.service"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-500:]
    level = float(re.search(r"exposure level for landmarks\.service: ([\d.]+)", done.stdout)[1])
    assert level <= MOST_EXPOSED


def test_systemd_knows_every_line_of_our_units_but_two_that_bookworms_does_not():
    need("systemd-analyze")
    units = [*SYSTEM.glob("*.service"), HERE / "first_boot/landmarks-first-boot.service"]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "landmarks" in line]
    unknown = [line for line in ours if "Unknown" in line or "rror" in line or "nvalid" in line]
    assert all("RestartSteps" in line or "RestartMaxDelaySec" in line for line in unknown), unknown


def test_the_service_is_never_given_up():
    unit = (SYSTEM / "landmarks.service").read_text()
    assert "\nStartLimitIntervalSec=0\n" in unit
    assert "\nRestart=always\n" in unit
    assert "\nType=notify\n" in unit
    assert re.search(r"\nWatchdogSec=\d+\n", unit)


def test_the_hardware_watchdogs_time_is_one_that_a_pis_timer_can_count():
    text = (HERE / "rootfs/etc/systemd/system.conf.d/landmarks.conf").read_text()
    assert int(re.search(r"\nRuntimeWatchdogSec=(\d+)s\n", text)[1]) <= 15


def test_udev_grants_both_forms_of_the_edge_tpu_to_the_services_group():
    rules = (HERE / "rootfs/etc/udev/rules.d/60-landmarks-edgetpu.rules").read_text()
    lines = [line for line in rules.splitlines() if line and not line.startswith("#")]
    found = {re.search(r'idVendor}=="(\w+)", ATTR{idProduct}=="(\w+)"', line).groups() for line in lines}
    assert found == {("1a6e", "089a"), ("18d1", "9302")}
    assert all('GROUP="plugdev", MODE="0660"' in line for line in lines)
    assert "SupplementaryGroups=video plugdev" in (SYSTEM / "landmarks.service").read_text()


@pytest.fixture
def boot(tmp_path):
    """A boot partition after flashing, as a folder."""
    folder = tmp_path / "boot"
    (folder / "landmarks/settings").mkdir(parents=True)
    (folder / "landmarks/settings/secrets.env").write_text("LANDMARKS_MQTT_PASSWORD=s3cret\n")
    (folder / "landmarks/settings/daemon.toml").write_text('source = "demo:"\n')
    (folder / "network-config").write_text('{"wifis": {"wlan0": {"password": "0123abcd"}}}\n')
    (folder / "firstrun.sh").write_text("set_wlan ssid 0123abcd DE\n")
    for name in ("first_boot.sh", "take_secrets.sh"):
        shutil.copyfile(HERE / "first_boot" / name, folder / "landmarks" / name)
    return folder


def take(boot, into):
    return subprocess.run(
        ["sh", boot / "landmarks/take_secrets.sh", boot, into], capture_output=True, text=True, check=True
    )


def test_secrets_leave_the_boot_partition_and_reach_a_folder_for_root_only(boot, tmp_path):
    into = tmp_path / "into"
    take(boot, into)
    left = b"".join(path.read_bytes() for path in boot.rglob("*") if path.is_file())
    assert b"s3cret" not in left
    assert b"0123abcd" not in left
    assert not (boot / "firstrun.sh").exists()
    assert "s3cret" in (into / "secrets.env").read_text()
    assert into.stat().st_mode & 0o777 == 0o700


def test_taking_twice_loses_nothing(boot, tmp_path):
    into = tmp_path / "into"
    take(boot, into)
    take(boot, into)
    assert "s3cret" in (into / "secrets.env").read_text()


def test_a_cabled_pis_network_settings_stay(boot, tmp_path):
    (boot / "network-config").write_text('{"ethernets": {"eth0": {"dhcp4": true}}}\n')
    take(boot, tmp_path / "into")
    assert "eth0" in (boot / "network-config").read_text()


INSTALL = """#!/bin/sh
mkdir -p "$LANDMARKS_ROOT/opt/landmarks/releases/1"
cp "$1/secrets.env" "$LANDMARKS_ROOT/got"
[ ! -e "$LANDMARKS_ROOT/fails" ] || { echo "error: no network" >&2; exit 5; }
ln -sfn "$LANDMARKS_ROOT/opt/landmarks/releases/1" "$LANDMARKS_ROOT/opt/landmarks/current"
"""


@pytest.fixture
def first_boot(boot, tmp_path, image_tools):
    """A function that runs the first start with a payload that only has an install.sh."""
    tree, tools = tmp_path / "tree", tmp_path / "tools"
    for folder in (tree, tools, tmp_path / "root"):
        folder.mkdir()
    (tree / "install.sh").write_text(INSTALL)
    (tools / "systemctl").write_text('#!/bin/sh\necho "$*" >"$LANDMARKS_ROOT/systemctl.log"\n')
    (tools / "systemctl").chmod(0o755)
    make_small_payload(boot / "landmarks", tree)
    environment = {
        **os.environ,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "LANDMARKS_ROOT": str(tmp_path / "root"),
    }

    def run():
        command = ["sh", boot / "landmarks/first_boot.sh"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


def status(boot):
    return (boot / "landmarks/status.txt").read_text()


def test_the_first_start_installs_tells_so_on_the_card_and_does_not_come_again(boot, first_boot, tmp_path):
    assert first_boot().returncode == 0
    assert status(boot).endswith(" installed: 1\n")
    assert "s3cret" in (tmp_path / "root/got").read_text()
    assert "disable" in (tmp_path / "root/systemctl.log").read_text()
    # Neither the unpacked payload nor the settings are needed any more.
    left = {path.name for path in (tmp_path / "root/opt/landmarks").iterdir()}
    assert left == {"releases", "current"}


def test_a_first_start_that_fails_says_why_on_the_card_and_the_next_one_goes_on(boot, first_boot, tmp_path):
    (tmp_path / "root/fails").touch()
    assert first_boot().returncode == 5
    assert status(boot).endswith("failed with exit code 5: error: no network\n")
    assert not (boot / "landmarks/settings").exists()
    (tmp_path / "root/fails").unlink()
    assert first_boot().returncode == 0
    assert status(boot).endswith(" installed: 1\n")


def test_a_payload_that_the_card_has_spoilt_is_not_installed(boot, first_boot):
    (boot / "landmarks/payload.tar.zst").write_bytes(b"rot")
    assert first_boot().returncode != 0
    assert "failed with exit code" in status(boot)

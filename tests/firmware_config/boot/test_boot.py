"""A Pi's life, lived by its Debian double in QEMU and watched from the host through a broker.

One disk from the first start to the second flash, so the tests run in this order and each takes what the one
before has left. `make test-pi`; some twenty minutes on two quiet cores when the double's tree is cached.
"""

import json
import os
import secrets
import subprocess
import sys
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.sources.demo import DemoOptions, DemoSource
from device.sources.demo_photo import load_photo
from firmware_config.disk.fat import Fat
from firmware_config.image import make_image
from firmware_config.payload import PROJECT, build_payload, pack_model
from firmware_config.settings import BrokerSettings, PiSettings, UpdateSettings, UserSettings
from tests.firmware_config.conftest import NEEDED
from tests.firmware_config.double.build import CACHE, build_double, run
from tests.firmware_config.double.build import NEEDED as NEEDED_FOR_DOUBLE
from tests.firmware_config.double.machine import HOST, Machine
from tests.firmware_config.double.watcher import Watcher, broker
from tests.firmware_config.garbled import write_garbled_model
from tests.firmware_config.stock import GAP
from tests.needs import need

pytestmark = [pytest.mark.boot, pytest.mark.timeout(3600)]

PATIENCE = float(os.environ.get("BOOT_PATIENCE", "1"))
"""By how much a busy machine may be slower than the times that must hold."""
FIRST_START_SECONDS, LATER_START_SECONDS = 240, 100
WATCHDOG_SECONDS = 15


def has_face(below, payload):
    return below == "frames" and bool(json.loads(payload)["faces"])


def says(text):
    return lambda below, payload: below == "status" and payload == text


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    if os.environ.get("LANDMARKS_TEST_PI") != "1":
        pytest.skip("boots a machine for twenty minutes: run `make test-pi`")
    need(*NEEDED, *NEEDED_FOR_DOUBLE, "qemu-system-aarch64", "mosquitto", "ssh", "scp")
    if os.geteuid() != 0:
        pytest.skip("mmdebstrap and mke2fs -d keep the owners of files only for root: sudo make test-pi")
    return tmp_path_factory.mktemp("pi")


@pytest.fixture(scope="module")
def port(work):
    with broker(work) as found:
        yield found


@pytest.fixture(scope="module")
def key(work):
    path = work / "key"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path)
    return path


@pytest.fixture(scope="module")
def settings(port, key):
    public = key.with_suffix(".pub").read_text().strip()
    return PiSettings(
        hostname="double",
        source="demo:?fps=5",
        user=UserSettings("ada", (public,)),
        broker=BrokerSettings(f"mqtt://{HOST}:{port}"),
        update=UpdateSettings((public,)),
    )


@pytest.fixture(scope="module")
def payload(work):
    return build_payload(work / "payload")


@pytest.fixture(scope="module")
def double(work):
    return build_double(CACHE)


def disk_of(image, work):
    disk = work / f"{image.stem}-{secrets.token_hex(2)}.qcow2"
    run("qemu-img", "create", "-q", "-f", "qcow2", "-b", image, "-F", "raw", disk)
    return disk


@pytest.fixture(scope="module")
def pi(work, double, payload, settings, key):
    image = make_image(double.image, work / "image", payload, settings, secrets.token_hex(4))
    cmdline = Fat(image.path, GAP).read("cmdline.txt")
    machine = Machine(double, disk_of(image.path, work), cmdline, key, settings.user.name)
    yield machine
    machine.cut()


@pytest.fixture(scope="module")
def watcher(port):
    watcher = Watcher(port, "landmarks/double")
    yield watcher
    watcher.close()


def daemon_share(pi):
    """Of the time until now, what systemd gives for the daemon's own start, in seconds."""
    said = pi.ssh(
        "systemctl show landmarks -p ExecMainStartTimestampMonotonic -p ActiveEnterTimestampMonotonic"
    )
    stamps = dict(line.split("=") for line in said.split())
    return (
        int(stamps["ActiveEnterTimestampMonotonic"]) - int(stamps["ExecMainStartTimestampMonotonic"])
    ) / 1e6


def test_the_first_start_installs_and_publishes_landmarks(pi, watcher):
    pi.start()
    arrived, _ = watcher.first(has_face, pi.began, FIRST_START_SECONDS * PATIENCE)
    print(f"\nfirst start to the first landmarks: {arrived - pi.began:.0f} s")
    assert arrived - pi.began < FIRST_START_SECONDS * PATIENCE
    watcher.first(says(b"online"), pi.began, 10)
    pi.await_ssh(FIRST_START_SECONDS * PATIENCE)
    print(f"of it the daemon's own start: {daemon_share(pi):.1f} s")


def test_the_boot_partition_tells_success_and_no_secret(pi):
    deadline = time.monotonic() + 120 * PATIENCE
    while "installed:" not in (said := pi.ssh("cat /boot/firmware/landmarks/status.txt", check=False)):
        assert time.monotonic() < deadline, said
        time.sleep(3)
    assert pi.ssh("ls /boot/firmware/landmarks/settings 2>/dev/null || echo gone").strip() == "gone"
    assert pi.ssh("stat -c %U:%a /etc/landmarks").strip().startswith("root:")


def test_the_service_runs_as_its_own_user_in_its_sandbox(pi):
    assert pi.ssh("ps -o user= -p $(systemctl show -P MainPID landmarks)").strip() == "landmarks"
    assert pi.ssh(
        "sudo grep -c . /proc/$(systemctl show -P MainPID landmarks)/maps >/dev/null && echo yes"
    ).strip()
    numpy_file = pi.ssh(
        "/opt/landmarks/current/venv/bin/python -c 'import numpy; print(numpy.__file__)'"
    ).strip()
    assert numpy_file.startswith("/usr/lib/python3/dist-packages/")


def test_the_double_gives_the_same_landmarks_as_the_host(pi, work):
    """Frames of the demo as pictures, through both daemons: aarch64 and x86 differ by rounding alone."""
    folder = work / "frames"
    folder.mkdir()
    for frame in islice(DemoSource(load_photo(), DemoOptions(fps=2), paced=False), 13):
        cv2.imwrite(str(folder / f"{frame.sequence:03}.png"), frame.image)
    run("tar", "-C", work, "-cf", work / "frames.tar", "frames")
    pi.send(work / "frames.tar")
    command = "-m device run --source images:frames --sink stdout:"
    there = pi.ssh(f"tar xf frames.tar && /opt/landmarks/current/venv/bin/python {command}", timeout=600)
    here = run(sys.executable, *command.split(), cwd=work, env={**os.environ, "PYTHONPATH": str(PROJECT)})
    pairs = [
        (np.array(one["faces"][0]["landmarks"]), np.array(other["faces"][0]["landmarks"]))
        for one, other in zip(frames_of(there), frames_of(here.decode()), strict=True)
        if one["faces"] and other["faces"]
    ]
    assert len(pairs) >= 8
    eyes = [np.linalg.norm(host[36:42].mean(0) - host[42:48].mean(0)) for _, host in pairs]
    far = max(
        np.linalg.norm(one - host, axis=1).max() / eye for (one, host), eye in zip(pairs, eyes, strict=True)
    )
    print(f"\nlargest difference: {100 * far:.2f} % of the eyes' distance")
    assert far < 0.02


def frames_of(lines):
    return [message for line in lines.splitlines() if (message := json.loads(line))["type"] == "frame"]


def test_a_daemon_that_hangs_is_declared_offline_and_started_again(pi, watcher):
    hung = time.monotonic()
    pi.ssh("sudo kill -STOP $(systemctl show -P MainPID landmarks)")
    gone, _ = watcher.first(says(b"offline"), hung, (3 * WATCHDOG_SECONDS + 30) * PATIENCE)
    back, _ = watcher.first(has_face, gone, 90 * PATIENCE)
    print(f"\noffline after {gone - hung:.0f} s, landmarks again after {back - hung:.0f} s")
    assert hung < gone < back


def test_an_update_with_a_bad_model_changes_nothing(pi, work, key, watcher):
    """One that loads and runs: only the self-test can tell that it sees nothing."""
    archive = pack_model(write_garbled_model(work / "bad"), work / "models")
    signed(archive, key)
    pi.send(archive, archive.with_name(archive.name + ".sig"))
    before = pi.ssh("readlink /opt/landmarks/model").strip()
    told = time.monotonic()
    said = pi.ssh(f"sudo landmarks-update {archive.name} 2>&1; echo code $?", timeout=900)
    assert "code 4" in said, said
    assert pi.ssh("readlink /opt/landmarks/model").strip() == before
    watcher.first(has_face, told, 60 * PATIENCE)


def signed(archive, key):
    run("ssh-keygen", "-Y", "sign", "-q", "-f", key, "-n", "landmarks", archive)


def test_an_unsigned_update_is_refused(pi):
    said = pi.ssh(
        "cp *.model.tar.zst unsigned.tar.zst; sudo landmarks-update unsigned.tar.zst 2>&1; echo code $?"
    )
    assert "code 6" in said, said


def test_a_release_that_does_not_come_online_is_taken_back(pi, watcher):
    """The installed release under another name, its service broken: what a bad update would be."""
    pi.ssh(
        "sudo cp -a $(readlink /opt/landmarks/current) /opt/landmarks/releases/broken && "
        "sudo sed -i 's|^ExecStart=.*|ExecStart=/bin/false|' "
        "/opt/landmarks/releases/broken/rootfs/etc/systemd/system/landmarks.service"
    )
    before = pi.ssh("readlink /opt/landmarks/current").strip()
    began = time.monotonic()
    broken = "/opt/landmarks/releases/broken"
    said = pi.ssh(f"sudo sh {broken}/switch.sh current {broken} 2>&1; echo code $?", timeout=900)
    assert "code 4" in said, said
    assert "went back" in said
    assert pi.ssh("readlink /opt/landmarks/current").strip() == before
    watcher.first(has_face, began, 60 * PATIENCE)


def test_a_kernel_that_stands_still_is_reset_by_the_hardware_watchdog(pi):
    began = time.monotonic()
    subprocess.Popen(
        ["ssh", "-p", str(pi.port), "-i", str(pi.key), "-o", "StrictHostKeyChecking=no",
         "-o", "UserKnownHostsFile=/dev/null", f"{pi.user}@127.0.0.1",
         "sudo sh -c 'sync; echo c >/proc/sysrq-trigger'"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    pi.await_end(120 * PATIENCE)
    assert "sysrq triggered crash" in pi.said()
    print(f"\nreset {time.monotonic() - began:.0f} s after the crash")


def test_a_later_start_is_quick(pi, watcher):
    pi.start()
    arrived, _ = watcher.first(has_face, pi.began, LATER_START_SECONDS * PATIENCE)
    print(f"\na later start to the first landmarks: {arrived - pi.began:.0f} s")
    assert arrived - pi.began < LATER_START_SECONDS * PATIENCE
    pi.await_ssh(LATER_START_SECONDS * PATIENCE)
    print(f"of it the daemon's own start: {daemon_share(pi):.1f} s")


def test_a_power_cut_in_the_middle_of_an_installation_does_no_harm(pi, payload, key, watcher):
    signed(payload.path, key)
    pi.send(payload.path, payload.path.with_name(payload.path.name + ".sig"))
    # As if the release that runs were an older one: this one is unpacked and installed from the start.
    release = Path(pi.ssh("readlink /opt/landmarks/current").strip())
    older = release.with_name("older")
    pi.ssh(f"sudo mv {release} {older} && sudo ln -sfn {older} /opt/landmarks/current && sync")
    # In the background, while the power goes.
    pi.ssh("nohup sudo landmarks-update payload.tar.zst >/dev/null 2>&1 &")
    deadline = time.monotonic() + 120 * PATIENCE
    while not pi.ssh(f"ls {release}/venv 2>/dev/null", check=False):
        assert time.monotonic() < deadline
        time.sleep(1)
    # pip writes wheels now.
    time.sleep(5)
    pi.cut()
    pi.start()
    watcher.first(has_face, pi.began, LATER_START_SECONDS * PATIENCE)
    pi.await_ssh(LATER_START_SECONDS * PATIENCE)
    assert pi.ssh("readlink /opt/landmarks/current").strip() == str(older)
    assert pi.ssh(f"ls {release}/.whole 2>/dev/null || echo half").strip() == "half"


def test_a_second_flash_of_a_used_card_runs_cloud_init_again(pi, double, payload, settings, work, port, key):
    pi.cut()
    used = work / "used.img"
    run("qemu-img", "convert", "-O", "raw", pi.disk, used)
    again = make_image(
        used, work / "again", payload, replace(settings, hostname="second"), secrets.token_hex(4)
    )
    cmdline = Fat(again.path, GAP).read("cmdline.txt")
    machine = Machine(double, disk_of(again.path, work), cmdline, key, settings.user.name)
    watcher = Watcher(port, "landmarks/second")
    with machine.on():
        # The daemon of before runs, on its old settings, while the new one is installed: that takes longer.
        arrived, _ = watcher.first(has_face, machine.began, 2 * FIRST_START_SECONDS * PATIENCE)
        print(f"\nthe second card's first landmarks: {arrived - machine.began:.0f} s")
        machine.await_ssh(2 * FIRST_START_SECONDS * PATIENCE)
        assert machine.ssh("hostname").strip() == "second"
    watcher.close()

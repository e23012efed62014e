"""The camera: is there one, may we use it, does somebody else?"""

import os
from pathlib import Path

from device.checks.doctor.finding import Finding, Grade, absent, fault, ok
from device.checks.doctor.host import Host
from device.sources.camera.v4l2 import device_of
from device.sources.camera.v4l2_modes import list_modes, summary
from device.sources.open import parse_source
from device.support import machine

FIX_GROUP = "sudo usermod -aG video $USER, then log in again"


def video_devices(root: Path) -> list[Path]:
    """Video devices in the order of their numbers."""
    return sorted(
        (path for path in (root / "dev").glob("video*") if path.name[5:].isdigit()),
        key=lambda path: int(path.name[5:]),
    )


def camera(host: Host) -> Finding:
    """Present, usable and free.

    Raises:
        UsageError: the settings' source names no device.
    """
    devices = video_devices(host.root)
    wanted = host.wants_source("v4l2", "picamera2")
    if not devices:
        finding = fault("no /dev/video*", "plug it in; for a ribbon camera see `rpicam-hello --list-cameras`")
    else:
        finding = _look_at(_device_of(host, devices), devices, host)
    if wanted or finding.grade == Grade.OK:
        return finding
    return absent(f"{finding.seen}; the settings ask for none")


def _look_at(device: Path, devices: list[Path], host: Host) -> Finding:
    root, shown = host.root, _shown(device, host.root)
    if not device.exists():
        return fault(f"no {shown}", f"there is {', '.join(_shown(path, root) for path in devices)}")
    if not host.may_use(device):
        return fault(f"no permission for {shown}", FIX_GROUP)
    user = user_of(device, root)
    if user is not None:
        fix = "end that program, or stop the service that runs it (sudo systemctl stop landmarks)"
        return fault(f"{shown} is in use by {user}", fix)
    card = machine.read_word(root / "sys/class/video4linux" / device.name / "name")
    modes = summary(list_modes(str(device)))
    return ok(f"{shown} ({card or 'without a name'}), free{'; delivers ' if modes else ''}{modes}")


def _device_of(host: Host, devices: list[Path]) -> Path:
    """The device that the settings name, else the first."""
    if not host.wants_source("v4l2"):
        return devices[0]
    device, _ = device_of(parse_source(host.settings.source).place)
    return host.root / device.removeprefix("/")


def user_of(device: Path, root: Path) -> str | None:
    """`NAME (pid N)` of a process, other than this one, that has the device open, as far as we may look."""
    for link in (root / "proc").glob("[0-9]*/fd/*"):
        try:
            if link.readlink() != Path("/") / device.relative_to(root):
                continue
        except OSError:
            continue  # it ended meanwhile, or is another user's
        number = link.parts[-3]
        if number != str(os.getpid()):
            name = machine.read_word(link.parents[1] / "comm") or "a program"
            return f"{name} (pid {number})"
    return None


def _shown(path: Path, root: Path) -> str:
    return str(Path("/") / path.relative_to(root))

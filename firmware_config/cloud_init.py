"""What cloud-init is told at the first start of Raspberry Pi OS trixie. JSON is YAML, and quotes safely."""

import json
from collections.abc import Mapping
from typing import Any

from firmware_config.settings import PiSettings

GROUPS = "adm,dialout,cdrom,sudo,audio,video,plugdev,games,users,input,render,netdev,gpio,i2c,spi"
"""Of Raspberry Pi OS' first user."""

UNIT = "landmarks-first-boot.service"


def user_data(settings: PiSettings) -> str:
    """Host name, user with keys and without a password, and our unit."""
    values: dict[str, Any] = {
        "hostname": settings.hostname,
        "manage_etc_hosts": True,
        "ssh_pwauth": False,
        "users": [
            {
                "name": settings.user.name,
                "groups": GROUPS,
                "shell": "/bin/bash",
                "lock_passwd": True,
                "sudo": "ALL=(ALL) NOPASSWD:ALL",
                "ssh_authorized_keys": [key.strip() for key in settings.user.ssh_keys],
            }
        ],
        "runcmd": [
            ["sh", "-c", "systemctl enable --now ssh || systemctl enable --now sshd"],
            ["install", "-m", "644", f"/boot/firmware/landmarks/{UNIT}", f"/etc/systemd/system/{UNIT}"],
            # Reads the units anew as well.
            ["systemctl", "enable", UNIT],
            # Not waited for: what comes after cloud-init must not wait for an installation.
            ["systemctl", "start", "--no-block", UNIT],
        ],
    }
    return "#cloud-config\n" + as_yaml(values)


def network_config(settings: PiSettings) -> str:
    """Cable by DHCP, and the wireless network where pi.toml names one."""
    values: dict[str, Any] = {
        "version": 2,
        "ethernets": {"eth0": {"dhcp4": True, "optional": True}},
    }
    if settings.wifi.ssid:
        values["wifis"] = {
            "wlan0": {
                "dhcp4": True,
                "optional": True,
                "regulatory-domain": settings.wifi.country,
                "access-points": {settings.wifi.ssid: {"password": settings.wifi.psk.lower()}},
            }
        }
    return as_yaml(values)


def meta_data(instance: str) -> str:
    """The name of this first start; the command line's beats it, so both say the same."""
    return as_yaml({"instance-id": instance})


def as_yaml(values: Mapping[str, Any]) -> str:
    """Nested values, one a line."""
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"

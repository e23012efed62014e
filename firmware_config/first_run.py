"""The script that Raspberry Pi OS bookworm runs at its first start, before it restarts by itself."""

import shlex

from firmware_config.cloud_init import UNIT
from firmware_config.settings import PiSettings

CUSTOM = "/usr/lib/raspberrypi-sys-mods/imager_custom"
"""The system's own tool for what Raspberry Pi Imager asks for."""

WORDS = (
    "systemd.run=/boot/firmware/firstrun.sh",
    "systemd.run_success_action=reboot",
    "systemd.unit=kernel-command-line.target",
)
"""What makes the system run it."""


def first_run_script(settings: PiSettings) -> str:
    """Host name, user, keys and Wi-Fi by the system's own tools; then our unit for the start after."""
    keys = "\n".join(key.strip() for key in settings.user.ssh_keys)
    lines = [
        "#!/bin/sh",
        "# Runs once; a step that fails must not keep the system from starting.",
        f"{CUSTOM} set_hostname {shlex.quote(settings.hostname)}",
    ]
    if keys:
        lines.append(f"{CUSTOM} enable_ssh -k {shlex.quote(keys)}")
    # '*' is no password: one logs in by key.
    lines.append(f"/usr/lib/userconf-pi/userconf {shlex.quote(settings.user.name)} '*'")
    if settings.wifi.ssid:
        words = (settings.wifi.ssid, settings.wifi.psk.lower(), settings.wifi.country)
        lines.append(f"{CUSTOM} set_wlan {' '.join(map(shlex.quote, words))}")
    lines += [
        f"install -m 644 /boot/firmware/landmarks/{UNIT} /etc/systemd/system/{UNIT}",
        f"systemctl enable {UNIT}",
        "sed -i 's| systemd\\.[^ ]*||g' /boot/firmware/cmdline.txt",
        # This very file goes too, so the line that ends the script is read together with it.
        "sh /boot/firmware/landmarks/take_secrets.sh /boot/firmware /opt/landmarks/.settings; exit 0",
    ]
    return "\n".join(lines) + "\n"

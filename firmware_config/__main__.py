"""Put landmarks on a Raspberry Pi: build the payload, customise an image, write a card, install over ssh."""

import argparse
import os
import secrets
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from device.contract.command_line import CommandParser
from device.contract.errors import run_program
from device.contract.exit_codes import ExitCode

if TYPE_CHECKING:
    from firmware_config.settings import PiSettings
    from firmware_config.target import Target

EXAMPLES = """examples:
  python -m firmware_config check pi.toml
  python -m firmware_config payload --out dist
  python -m firmware_config image raspios-lite-arm64.img.xz --settings pi.toml
  python -m firmware_config flash raspios-lite-arm64.img.xz --device /dev/sdX                       dry run
  sudo ... flash raspios-lite-arm64.img.xz --device /dev/sdX --confirm /dev/sdX
  python -m firmware_config deploy pi@landmarks.local --settings pi.toml
  python -m firmware_config model runs/small/model --out dist
  python -m firmware_config keys --settings pi.toml --out dist

`make payload`, `pi-image`, `flash-pi` and `deploy-pi` call these. Exit codes: docs/troubles.md, "Exit codes";
6 refused, 7 write failed, 8 verify failed.
"""


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser: argparse.ArgumentParser = CommandParser(
        prog="python -m firmware_config",
        description=__doc__,
        epilog=EXAMPLES,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="report the first mistake in a pi.toml with its line")
    check.add_argument("settings", type=Path, help="pi.toml")
    payload = commands.add_parser("payload", help="build payload.tar.zst")
    payload.add_argument("--edgetpu-deb", type=Path, help="libedgetpu1-std .deb for arm64 to take along")
    payload.add_argument("--edgetpu-sha256", default="", help="what that file must hash to")
    image = commands.add_parser("image", help="customise a stock image")
    flash = commands.add_parser("flash", help="customise a stock image and write it to a card")
    for command in (image, flash):
        command.add_argument("stock", type=Path, help="Raspberry Pi OS Lite (64-bit), .img or .img.xz")
    flash.add_argument("--device", type=Path, required=True, help="the card: a whole disk, as /dev/sdX")
    preflight = commands.add_parser("preflight", help="check image, card and tools; needs Python alone")
    preflight.add_argument("--image", type=Path, help="Raspberry Pi OS Lite (64-bit), .img or .img.xz")
    preflight.add_argument("--device", type=Path, help="the card: a whole disk, as /dev/sdX")
    preflight.add_argument("--host", help="USER@NAME")
    for command in (flash, preflight):
        _add_card_options(command)
    deploy = commands.add_parser("deploy", help="install on a running Pi over ssh")
    deploy.add_argument("host", help="USER@NAME; the user may use sudo without a password")
    deploy.add_argument("--back", action="store_true", help="go back to the release before")
    deploy.add_argument("--allow-downgrade", action="store_true", help="install an older release too")
    for command in (image, flash, deploy):
        command.add_argument("--settings", type=Path, help="pi.toml (default: pi.toml if there is one)")
        command.add_argument("--payload", type=Path, default=Path("dist"), help="its folder (default: dist)")
    model = commands.add_parser("model", help="pack a model for landmarks-update")
    model.add_argument("folder", type=Path, help="with student.tflite and student.json")
    for command in (payload, image, flash, model):
        command.add_argument("--out", type=Path, default=Path("dist"), help="folder (default: dist)")
    keys = commands.add_parser("keys", help="pack trusted and revoked keys for landmarks-update")
    keys.add_argument("--settings", type=Path, help="pi.toml (default: pi.toml if there is one)")
    keys.add_argument("--out", type=Path, default=Path("dist"), help="folder (default: dist)")
    commands.add_parser("lock", help="write requirements/pi-*.lock anew")
    return parser


def _add_card_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--confirm", default="", help="the device once more: without it, a dry run")
    command.add_argument(
        "--max-size-gib", type=float, default=256.0, help="larger disks are refused (default: 256)"
    )
    command.add_argument("--unmount", action="store_true", help="unmount what is on the card")
    command.add_argument("--allow-loop", action="store_true", help="take a loop device: for tests")


def settings_of(path: Path | None) -> "PiSettings":
    """The pi.toml that was named, or the one in this folder, or the defaults."""
    from firmware_config.settings import PiSettings, read_pi_settings

    if path is None and not Path("pi.toml").is_file():
        return PiSettings()
    return read_pi_settings(path or Path("pi.toml"), os.environ)


def run_check(arguments: argparse.Namespace) -> None:
    """Read a pi.toml."""
    from firmware_config.settings import read_pi_settings

    settings = read_pi_settings(arguments.settings, os.environ)
    print(f"{arguments.settings}: can be used for {settings.hostname}")


def run_payload(arguments: argparse.Namespace) -> None:
    """Build the payload."""
    from firmware_config.payload import build_payload

    payload = build_payload(arguments.out, arguments.edgetpu_deb, arguments.edgetpu_sha256)
    print(f"{payload.path}  {payload.path.stat().st_size / 1e6:.1f} MB  release {payload.release}")


def run_image(arguments: argparse.Namespace) -> None:
    """Customise an image."""
    from firmware_config.image import make_image
    from firmware_config.payload import read_payload

    settings, payload = settings_of(arguments.settings), read_payload(arguments.payload)
    begun = time.monotonic()
    image = make_image(arguments.stock, arguments.out, payload, settings, secrets.token_hex(4))
    print(f"{image.path}  first start by {image.first_start.value}, {time.monotonic() - begun:.0f} s")


def target_of(arguments: argparse.Namespace) -> "Target":
    """The card, as the command line names it."""
    from firmware_config.target import Target

    return Target(
        arguments.device,
        arguments.confirm,
        arguments.max_size_gib,
        arguments.allow_loop,
        arguments.unmount,
    )


def run_preflight(arguments: argparse.Namespace) -> None:
    """Check what can be checked before anything is built."""
    from firmware_config import preflight
    from firmware_config.target import check_target

    if arguments.image is not None:
        preflight.check_image(arguments.image)
    if arguments.device is not None:
        preflight.check_tools(*preflight.CARD_TOOLS)
        check_target(target_of(arguments))
    if arguments.host is not None:
        preflight.check_host(arguments.host)
        preflight.check_tools(*preflight.SSH_TOOLS)


def run_flash(arguments: argparse.Namespace) -> None:
    """Check the card, customise the image, write where confirmed."""
    from firmware_config.flash import write_card
    from firmware_config.image import make_image
    from firmware_config.payload import read_payload
    from firmware_config.target import find_target

    target = target_of(arguments)
    settings, payload = settings_of(arguments.settings), read_payload(arguments.payload)
    disk = find_target(target, 0)
    print("\n".join(disk.lines()))
    image = make_image(arguments.stock, arguments.out, payload, settings, secrets.token_hex(4))
    find_target(target, image.path.stat().st_size)
    if not target.confirm:
        print(
            f"dry run, nothing was written; to lose all on {disk.path} and write, add CONFIRM={target.device}"
        )
        return
    write_card(image, target)
    print(f"{disk.path} holds {image.path.name}, read back and verified; it may be taken out")


def run_deploy(arguments: argparse.Namespace) -> None:
    """Install over ssh, or go back."""
    from firmware_config.deploy import deploy, go_back
    from firmware_config.payload import read_payload

    if arguments.back:
        go_back(arguments.host)
        return
    settings = None
    if arguments.settings is not None or Path("pi.toml").is_file():
        settings = settings_of(arguments.settings)
    deploy(
        arguments.host,
        read_payload(arguments.payload),
        settings,
        allow_downgrade=arguments.allow_downgrade,
    )


def run_model(arguments: argparse.Namespace) -> None:
    """Pack a model."""
    from firmware_config.payload import pack_model

    print(pack_model(arguments.folder, arguments.out))


def run_keys(arguments: argparse.Namespace) -> None:
    """Pack keys."""
    from firmware_config.payload import pack_keys

    print(pack_keys(settings_of(arguments.settings).update, arguments.out))


def run_lock(_arguments: argparse.Namespace) -> None:
    """Resolve the wheels anew."""
    from firmware_config.payload import PROJECT
    from firmware_config.wheels import SYSTEMS, write_lock

    for system in SYSTEMS:
        write_lock(PROJECT, system)


PROGRAMS = {
    "check": run_check,
    "preflight": run_preflight,
    "payload": run_payload,
    "image": run_image,
    "flash": run_flash,
    "deploy": run_deploy,
    "model": run_model,
    "keys": run_keys,
    "lock": run_lock,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse and run one command."""
    parsed = make_parser().parse_args(arguments)
    PROGRAMS[parsed.command](parsed)
    return int(ExitCode.DONE)


if __name__ == "__main__":
    sys.exit(run_program(main))

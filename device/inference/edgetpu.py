"""Which Edge TPUs are plugged in."""

from pathlib import Path

from device.support import machine

IDS = {("1a6e", "089a"): "not yet used since it was plugged in", ("18d1", "9302"): "ready"}
"""USB ids of one and the same stick: it changes them when its program is first loaded."""


def edgetpu_places(root: Path) -> list[tuple[Path, str]]:
    """Each Edge TPU's device file and a description of it: USB sticks, then PCIe cards."""
    places = []
    for vendor in sorted((root / "sys/bus/usb/devices").glob("*/idVendor")):
        ids = (machine.read_word(vendor) or "", machine.read_word(vendor.parent / "idProduct") or "")
        if ids in IDS:
            bus, number = (int(machine.read_word(vendor.parent / name) or 0) for name in ("busnum", "devnum"))
            places.append((root / f"dev/bus/usb/{bus:03}/{number:03}", f"USB {ids[0]}:{ids[1]}, {IDS[ids]}"))
    cards = sorted((root / "dev").glob("apex_*"))
    return [*places, *((card, f"PCIe /dev/{card.name}") for card in cards)]

"""Power, heat, clock and disk of the board."""

from pathlib import Path

from device.checks.doctor.finding import Finding, absent, fault, ok, warning
from device.checks.doctor.host import Host
from device.support import machine

HOT_C, TOO_HOT_C = 70.0, 80.0
"""A Raspberry Pi lowers its clock from 80 °C on."""

TIGHT_BYTES, FULL_BYTES = 500_000_000, 50_000_000
"""Free on the disk."""

SYNCHRONISED = "run/systemd/timesync/synchronized"
"""Written by systemd's time client once the clock is right."""


def power(host: Host) -> Finding:
    """What the firmware says of the supply and of its own brakes."""
    word = machine.throttle_word(host.root)
    if word is None:
        answer = host.ask(["vcgencmd", "get_throttled"])
        word = machine.parse_throttle_word(answer.said) if answer is not None and answer.code == 0 else None
    if word is None:
        return absent("no throttle bits: not a Raspberry Pi")
    now, before = machine.throttled_now(word), machine.throttled_since_boot(word)
    supply = "use the official supply and a short cable; take other devices off the USB ports"
    if "under_voltage" in now:
        return fault(f"now: {', '.join(now)}", supply)
    if now:
        return fault(f"now: {', '.join(now)}", "cool it: a heat sink or fan, more air about it")
    if before:
        fix = supply if "under_voltage" in before else "cool it: a heat sink or fan, more air about it"
        return warning(f"since boot: {', '.join(before)}", fix)
    return ok("never held back since boot")


def temperature(host: Host) -> Finding:
    """Of the processor."""
    degrees = machine.temperature_c(host.root)
    if degrees is None:
        return absent("no thermal zone of the processor")
    fix = "a heat sink or fan, more air about it"
    if degrees >= TOO_HOT_C:
        return fault(f"{degrees:.0f} °C", fix)
    return warning(f"{degrees:.0f} °C", fix) if degrees >= HOT_C else ok(f"{degrees:.0f} °C")


def governor(host: Host) -> Finding:
    """Whether the clock is kept low or rises too late."""
    name = machine.governor(host.root)
    if name is None:
        return absent("no cpufreq here")
    if name in ("powersave", "conservative"):
        fix = "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"
        return warning(f"{name}: the clock stays low or rises late", fix)
    return ok(name)


def clock(host: Host) -> Finding:
    """Whether UTC is right; the stream's own clock does not depend on it."""
    if (host.root / SYNCHRONISED).exists():
        return ok("synchronised")
    answer = host.ask(["timedatectl", "show", "-p", "NTPSynchronized", "--value"])
    if answer is None or answer.code != 0:
        return absent("cannot be told: no timedatectl")
    if answer.said.strip() == "yes":
        return ok("synchronised")
    return warning("not synchronised: utc_ns is wrong", "sudo timedatectl set-ntp true, and a network")


def disk(host: Host) -> Finding:
    """Where files are written: the sink's folder, else the root."""
    places = [
        Path(uri.partition(":")[2].rpartition("?")[0] or uri.partition(":")[2])
        for uri in host.settings.sinks
        if uri.startswith("file:")
    ] or [host.root]
    tightest = min(places, key=host.free_bytes)
    free = host.free_bytes(tightest)
    told = f"{free / 1e6:.0f} MB free at {tightest}"
    fix = "free some: journalctl --vacuum-size=50M, apt clean"
    if free < FULL_BYTES:
        return fault(told, fix)
    return warning(told, fix) if free < TIGHT_BYTES else ok(told)

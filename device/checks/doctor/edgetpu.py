"""The Edge TPU: its library, its device, and whether we may use it."""

from pathlib import Path

from device.checks.doctor.finding import Finding, absent, fault, ok
from device.checks.doctor.host import Host
from device.inference.edgetpu import edgetpu_places

LIBRARIES = ("usr/lib/*/libedgetpu.so.1", "usr/lib/libedgetpu.so.1", "usr/local/lib/libedgetpu.so.1")
"""Where packages and people put the runtime."""

FIX_LIBRARY = "install libedgetpu1-std for this system and Python, as device/README.md says"
FIX_HANG = "plug the Edge TPU out and in; try another port and cable"
FIX_BUSY = "stop what else uses the Edge TPU; see the next line"
FIX_RULE = "install the udev rules of libedgetpu (group plugdev, both USB ids), then plug it out and in"


def edgetpu_library(host: Host) -> Finding:
    """Where there is a device for it: which version, and whether it fits the TFLite runtime."""
    found = _libraries(host)
    if not found:
        if wants_edgetpu(host):
            return fault("an Edge TPU is to be used, but there is no libedgetpu.so.1", FIX_LIBRARY)
        return absent("no libedgetpu.so.1, and no Edge TPU that needs it")
    told = f"/{found[0].relative_to(host.root)}{_version(host)}"
    return _load(found[0], told, host) if edgetpu_places(host.root) else ok(told)


def _load(library: Path, told: str, host: Host) -> Finding:
    """Whether the library loads with its device; it may crash, so in a process of its own."""
    program = f"from ai_edge_litert.interpreter import load_delegate; load_delegate({str(library)!r})"
    answer = host.ask([host.python, "-c", program])
    if answer is None:
        return fault(f"{told} does not load in time", FIX_HANG)
    if answer.code < 0:
        return fault(f"{told} crashes: built for another TFLite runtime", FIX_LIBRARY)
    if answer.code > 0:
        return fault(f"{told} does not load ({answer.last_line})", FIX_BUSY)
    return ok(f"{told}, loads with its Edge TPU")


def wants_edgetpu(host: Host) -> bool:
    """Whether one is plugged in that the settings do not forbid, or the settings insist."""
    accelerator = host.settings.inference.accelerator
    plugged_in = bool(edgetpu_places(host.root))
    return accelerator == "edgetpu" or (accelerator == "auto" and plugged_in)


def _libraries(host: Host) -> list[Path]:
    """Library files, that of the settings first."""
    named = host.root / host.settings.inference.delegate.removeprefix("/")
    usual = [path for pattern in LIBRARIES for path in sorted(host.root.glob(pattern))]
    return [named, *usual] if named.is_file() else usual


def _version(host: Host) -> str:
    """The Debian package's, where there is one."""
    answer = host.ask(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", "libedgetpu1-*"])
    lines = answer.said.splitlines() if answer is not None and answer.code == 0 else []
    return "".join(f" ({line})" for line in lines if line.split()[1:])


def edgetpu_device(host: Host) -> Finding:
    """Present, and ours to use."""
    places = edgetpu_places(host.root)
    if not places:
        seen = "no Edge TPU (USB 1a6e:089a or 18d1:9302, /dev/apex_0)"
        if wants_edgetpu(host):
            return fault(seen, "plug it in, into a USB 3 port; or set inference.accelerator to auto")
        return absent(seen)
    told = "; ".join(what for _, what in places)
    closed = [path for path, _ in places if not host.may_use(path)]
    if closed:
        return fault(f"{told}: no permission for /{closed[0].relative_to(host.root)}", FIX_RULE)
    return ok(told)

"""Python, the runtime, and the packages that break each other."""

from device.checks.doctor.finding import Finding, absent, fault, ok
from device.checks.doctor.host import Host

OLDEST = (3, 11)
"""Of Python."""

RUNTIMES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")
"""Best first."""

NUMPY_CLASH = "numpy.dtype size changed"
"""What a module says that was built against another numpy."""


def python(host: Host) -> Finding:
    """New enough, and of a kind that wheels are made for."""
    told = ".".join(map(str, host.version)) + (", 64-bit" if host.is_64_bit else ", 32-bit")
    if host.version < OLDEST:
        return fault(f"Python {told}", "install Debian 12 or newer, or Python 3.11 beside it")
    if not host.is_64_bit:
        return fault(f"Python {told}", "the runtime has no 32-bit wheels: install the 64-bit system")
    return ok(f"Python {told}")


def runtime(host: Host) -> Finding:
    """Some TFLite runtime that loads."""
    answers = {name: host.can_import(name) for name in RUNTIMES}
    for name, answer in answers.items():
        if answer is not None and answer.code == 0:
            return ok(name.partition(".")[0])
    first = answers[RUNTIMES[0]]
    why = first.last_line if first is not None else "no answer in time"
    return fault(f"no TFLite runtime loads ({why})", "pip install ai-edge-litert")


def numpy_and_simplejpeg(host: Host) -> Finding:
    """Picamera2's simplejpeg is built against the system's numpy; a newer one from pip breaks it."""
    answer = host.can_import("simplejpeg")
    if answer is None:
        return absent("simplejpeg gave no answer in time")
    if answer.code == 0:
        return ok("simplejpeg loads with this numpy")
    if "ModuleNotFoundError" in answer.said:
        return absent("no simplejpeg here; only picamera2 needs it")
    if NUMPY_CLASH in answer.said:
        return fault(
            "simplejpeg was built against another numpy: picamera2 will not load",
            f"{host.python} -m pip uninstall numpy, so that the system's python3-numpy is used",
        )
    return fault(
        f"simplejpeg does not load ({answer.last_line})", "sudo apt install --reinstall python3-simplejpeg"
    )


def libcamera(host: Host) -> Finding:
    """Importable where a ribbon camera is asked for."""
    answer = host.can_import("libcamera")
    if answer is not None and answer.code == 0:
        return ok("libcamera loads")
    wanted = host.wants_source("picamera2")
    if (host.root / "usr/lib/python3/dist-packages/libcamera").is_dir():
        seen = "libcamera is installed, but this environment does not see it"
        fix = "make the environment again with python3 -m venv --system-site-packages"
    else:
        seen, fix = "no libcamera here", "sudo apt install python3-picamera2 (Raspberry Pi OS)"
    if wanted:
        return fault(seen, fix)
    return absent(f"{seen}; only picamera2: needs it")

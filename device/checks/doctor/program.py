"""`landmarks doctor`: examine everything, report one line each."""

import argparse
import json
from pathlib import Path
from typing import Any

from device.checks.doctor import board, camera, edgetpu, ports, setup, software
from device.checks.doctor.finding import Examination, Finding, Grade
from device.checks.doctor.host import Host
from device.contract.errors import GateError, LandmarksError
from device.contract.exit_codes import ExitCode
from device.settings import DaemonSettings, settings_of
from device.sinks import SINKS
from device.sources.open import parse_source

EXAMINATIONS: dict[str, Examination] = {
    "python": software.python,
    "runtime": software.runtime,
    "numpy": software.numpy_and_simplejpeg,
    "libcamera": software.libcamera,
    "camera": camera.camera,
    "edgetpu library": edgetpu.edgetpu_library,
    "edgetpu device": edgetpu.edgetpu_device,
    "power": board.power,
    "temperature": board.temperature,
    "governor": board.governor,
    "clock": board.clock,
    "disk": board.disk,
    "settings": setup.settings_file,
    "source": setup.source,
    "models": setup.models,
    "broker": setup.broker,
    "ports": ports.ports,
}
"""Every examination by name, in the order in which one would repair things."""


def examine(host: Host) -> dict[str, Finding]:
    """All findings by name."""
    return {name: examination(host) for name, examination in EXAMINATIONS.items()}


def line_of(name: str, finding: Finding) -> str:
    """One line of text."""
    remedy = f"; remedy: {finding.fix}" if finding.fix else ""
    return f"{finding.grade.value:8} {name:16} {finding.seen}{remedy}"


def run(arguments: argparse.Namespace) -> int:
    """Examine and report.

    Raises:
        GateError: something has a fault.
        UsageError: a flag is wrong.
    """
    settings = _settings(arguments.config, _flags(arguments))
    host = Host(settings=settings, config=arguments.config)
    findings = examine(host)
    faults = [name for name, finding in findings.items() if finding.grade == Grade.FAULT]
    if arguments.json:
        shown = [{"name": name, **vars(finding)} for name, finding in findings.items()]
        print(json.dumps({"passed": not faults, "findings": shown}))
    else:
        print("\n".join(line_of(name, finding) for name, finding in findings.items()))
    if faults:
        raise GateError(f"faults: {', '.join(faults)}; each line above has its remedy")
    return int(ExitCode.DONE)


def _flags(arguments: argparse.Namespace) -> dict[str, Any]:
    """Settings of the flags that were given.

    Raises:
        UsageError: an address that cannot be understood.
    """
    flags: dict[str, Any] = {}
    if arguments.source:
        flags["source"] = arguments.source
        parse_source(arguments.source)
    if arguments.sinks:
        flags["sinks"] = arguments.sinks
        for uri in arguments.sinks:
            SINKS.parse(uri)
    return flags


def _settings(config: Path | None, flags: dict[str, Any]) -> DaemonSettings:
    """The settings in force; the defaults where the file is broken, which is a finding of its own."""
    try:
        return settings_of(config, flags)
    except LandmarksError:
        return settings_of(None, flags)

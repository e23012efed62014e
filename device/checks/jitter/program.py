"""`landmarks jitter-bench`: every filter setting and the curve between them, printed or written as a page."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from device.checks.jitter.figures import (
    FPS,
    ONE_CROP,
    PATHS,
    Array,
    Figures,
    Measured,
    figures_of,
    one_crop_jitter_of,
)
from device.checks.jitter.sitter import (
    EYE_DISTANCE_PX,
    Sitter,
    demo_sitters,
    folder_sitters,
    follow,
    look_still,
)
from device.contract.errors import BadInputError, GateError
from device.contract.exit_codes import ExitCode
from device.finders.open import open_finder
from device.finders.settings import DEFAULT_FINDER
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.signal.one_euro import OneEuroParameters
from device.signal.settings import SignalSettings
from device.signal.smoothing import SMOOTHINGS, Smoothing

MAX_JITTER = 0.0012
"""Jitter of a still face in the default setting, eye distances."""

MAX_STEP_LAG = 1.5
"""Frames that the default setting may add to a step."""

CURVE = np.geomspace(1 / 16, 16, 13)
"""Factors applied to every cutoff of the default setting."""

COLUMNS = "             jitter %   p90 %   all %   step   slow   fast  blink %"


def loosened(smoothing: Smoothing, factor: float) -> Smoothing:
    """Every cutoff and slope times a factor: below 1 steadier, above 1 quicker."""

    def scaled(cutoffs: OneEuroParameters) -> OneEuroParameters:
        return replace(cutoffs, min_cutoff_hz=cutoffs.min_cutoff_hz * factor, beta=cutoffs.beta * factor)

    return replace(smoothing, whole=scaled(smoothing.whole), shape=scaled(smoothing.shape))


def record(sitters: Sequence[Sitter], network: LandmarkNetwork) -> list[dict[str, Array]]:
    """Unfiltered points of each sitter along every path. A face that is lost is named and left out."""
    recorded = []
    for number, sitter in enumerate(sitters, 1):
        print(f"face {number} of {len(sitters)}: {sitter.name}", file=sys.stderr)
        followed = {name: follow(sitter, path, network, FPS) for name, path in PATHS.items()}
        whole = {name: points for name, points in followed.items() if points is not None}
        if len(whole) == len(PATHS):
            recorded.append(whole | {ONE_CROP: look_still(sitter, PATHS["still"], network)})
        else:
            print(f"{sitter.name} was lost on the way and is left out", file=sys.stderr)
    if not recorded:
        raise BadInputError("no face could be followed along a whole path; give other pictures")
    return recorded


def measure(recorded: Sequence[dict[str, Array]], smoothing: Smoothing | None) -> Measured:
    """One setting on every recorded face."""
    figures = [figures_of(face, smoothing) for face in recorded]
    mean = {
        field.name: float(np.mean([getattr(each, field.name) for each in figures]))
        for field in fields(Figures)
    }
    return Measured(Figures(**mean), float(np.percentile([each.jitter for each in figures], 90)))


def _row(name: str, measured: Measured) -> str:
    mean = measured.mean
    return (
        f"{name:10} {100 * mean.jitter:8.3f} {100 * measured.jitter_p90:7.3f} {100 * mean.jitter_all:7.3f} "
        f"{mean.step_lag:6.2f} {mean.slow_lag:6.2f} {mean.fast_lag:6.2f} {100 * mean.blink_kept:8.0f}"
    )


def check(settings: dict[str, Measured]) -> None:
    """Check that the default setting is as steady and as quick as it should be.

    Raises:
        GateError: it is not.
    """
    default = settings[SignalSettings().smoothing].mean
    added = default.step_lag - settings["off"].mean.step_lag
    if default.jitter > MAX_JITTER or added >= MAX_STEP_LAG:
        raise GateError(
            f"the default setting has {100 * default.jitter:.3f} % of jitter and adds {added:.2f} frames of "
            f"lag, wanted at most {100 * MAX_JITTER:.2f} % and less than {MAX_STEP_LAG}"
        )


def run(arguments: argparse.Namespace) -> int:
    """Measure and print.

    Raises:
        UsageError: an unknown model.
        BadInputError: a damaged model, or no face in the pictures.
        MissingOutsideError: no TFLite runtime; for a page, no matplotlib.
        GateError: with `--gate`, the default setting misses its target.
    """
    network = LandmarkNetwork(find_model(arguments.model), arguments.threads)
    recorded = record(_sitters(arguments.pictures, network, arguments.threads), network)
    settings = {"off": measure(recorded, None)}
    settings |= {name: measure(recorded, smoothing) for name, smoothing in SMOOTHINGS.items()}
    alone = float(np.mean([one_crop_jitter_of(face) for face in recorded]))
    subject = (
        f"{network.manifest.identity}, {len(recorded)} faces of {EYE_DISTANCE_PX:g} px between the eyes; "
        f"one crop for all frames and no filter: jitter {100 * alone:.3f} %"
    )
    if arguments.page is not None:
        from device.checks.jitter.page import write_page

        default = SMOOTHINGS[SignalSettings().smoothing]
        curve = [measure(recorded, loosened(default, float(factor))) for factor in CURVE]
        write_page(arguments.page, subject, settings, curve)
    print(json.dumps(_plain(subject, settings)) if arguments.json else "\n".join(_table(subject, settings)))
    if arguments.gate:
        check(settings)
    return int(ExitCode.DONE)


def _sitters(pictures: Path | None, network: LandmarkNetwork, threads: int) -> list[Sitter]:
    finder = open_finder(DEFAULT_FINDER, threads)
    if pictures is None:
        return demo_sitters(network, finder)
    return folder_sitters(pictures, network, finder)


def _plain(subject: str, settings: dict[str, Measured]) -> dict[str, Any]:
    return {"of": subject, "settings": {name: asdict(measured) for name, measured in settings.items()}}


def _table(subject: str, settings: dict[str, Measured]) -> list[str]:
    return [
        subject,
        "jitter: % of the eye distance, 51 inner points, mean and 90th percentile of the faces; all: 68",
        "lag: frames of 1/30 s; step of half an eye distance, pans of 0.1 and 1 eye distance a second",
        "blink: how much of the depth of a blink of 200 ms is left",
        COLUMNS,
        *(_row(name, measured) for name, measured in settings.items()),
    ]

"""The jitter bench: every setting and the curve between them, measured, printed, and written as a page."""

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
from device.finders.open import open_finder
from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from device.signal.one_euro import Cutoffs
from device.signal.settings import SignalSettings
from device.signal.smoothing import SMOOTHINGS, Smoothing

MOST_JITTER = 0.0012
"""Of a still face in the default setting, eye distances."""

MOST_STEP_LAG = 1.5
"""Frames that the default setting may add to a step."""

CURVE = np.geomspace(1 / 16, 16, 13)
"""Factors on every cutoff of the default setting."""

COLUMNS = "             jitter %   p90 %   all %   step   slow   fast  blink %"


def loosened(smoothing: Smoothing, factor: float) -> Smoothing:
    """Every cutoff and slope times a factor: below 1 steadier, above 1 quicker."""

    def scaled(cutoffs: Cutoffs) -> Cutoffs:
        return replace(cutoffs, least_hz=cutoffs.least_hz * factor, slope=cutoffs.slope * factor)

    return replace(smoothing, whole=scaled(smoothing.whole), shape=scaled(smoothing.shape))


def record(sitters: Sequence[Sitter], network: LandmarkNetwork) -> list[dict[str, Array]]:
    """Each sitter along every path, unfiltered; those lost on the way are left out, and named."""
    recorded = []
    for number, sitter in enumerate(sitters, 1):
        print(f"face {number} of {len(sitters)}: {sitter.name}", file=sys.stderr)
        followed = {name: follow(sitter, path, network, FPS) for name, path in PATHS.items()}
        whole = {name: points for name, points in followed.items() if points is not None}
        if len(whole) == len(PATHS):
            recorded.append(whole | {ONE_CROP: look_still(sitter, PATHS["still"], network)})
        else:
            print(f"{sitter.name} was lost on the way and does not count", file=sys.stderr)
    if not recorded:
        raise BadInputError("no face could be followed along the whole way; give other pictures")
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
    """The default setting must be as steady and as quick as is promised.

    Raises:
        GateError: it is not.
    """
    default = settings[SignalSettings().smoothing].mean
    added = default.step_lag - settings["off"].mean.step_lag
    if default.jitter > MOST_JITTER or added >= MOST_STEP_LAG:
        raise GateError(
            f"the default setting has {100 * default.jitter:.3f} % of jitter and adds {added:.2f} frames of "
            f"lag, wanted at most {100 * MOST_JITTER:.2f} % and less than {MOST_STEP_LAG}"
        )


def jitter_bench(
    model: str, pictures: Path | None, threads: int, *, page: Path | None, as_json: bool, gate: bool
) -> int:
    """Measure and print.

    Raises:
        UsageError: an unknown model.
        BadInputError: a damaged model, or no face in the pictures.
        MissingOutsideError: no TFLite runtime or demo photograph; for a page, no matplotlib.
        GateError: with `gate`, the default setting misses what is promised.
    """
    network, finder = LandmarkNetwork(find_model(model), threads), open_finder("trained:", threads)
    found = demo_sitters(network, finder) if pictures is None else folder_sitters(pictures, network, finder)
    recorded = record(found, network)
    settings = {"off": measure(recorded, None)}
    settings |= {name: measure(recorded, smoothing) for name, smoothing in SMOOTHINGS.items()}
    alone = float(np.mean([one_crop_jitter_of(face) for face in recorded]))
    of = (
        f"{network.manifest.identity}, {len(recorded)} faces of {EYE_DISTANCE_PX:g} px between the eyes; "
        f"one crop for all frames and no filter: jitter {100 * alone:.3f} %"
    )
    if page is not None:
        from device.checks.jitter.page import write_page

        default = SMOOTHINGS[SignalSettings().smoothing]
        curve = [measure(recorded, loosened(default, float(factor))) for factor in CURVE]
        write_page(page, of, settings, curve)
    print(json.dumps(_plain(of, settings)) if as_json else "\n".join(_table(of, settings)))
    if gate:
        check(settings)
    return 0


def _plain(of: str, settings: dict[str, Measured]) -> dict[str, Any]:
    return {"of": of, "settings": {name: asdict(measured) for name, measured in settings.items()}}


def _table(of: str, settings: dict[str, Measured]) -> list[str]:
    return [
        of,
        "jitter: % of the eye distance, 51 inner points, mean and 90th percentile of the faces; all: 68",
        "lag: frames of 1/30 s; step of half an eye distance, pans of 0.1 and 1 eye distance a second",
        "blink: how much of the depth of one of 200 ms is left",
        COLUMNS,
        *(_row(name, measured) for name, measured in settings.items()),
    ]

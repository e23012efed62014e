"""Run the landmark network: choose the model and the chip, and do with less when the device is too slow."""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from device.contract.errors import BadInputError, LandmarksError
from device.contract.geometry import Image
from device.contract.manifest import ModelManifest, manifest_path_of, read_manifest
from device.contract.provenance import is_open
from device.inference.budget import Budget
from device.inference.edgetpu import edgetpu_places
from device.inference.fallback import Monitored, WithFallback
from device.inference.models import find_model, resolved_name, shipped_models
from device.inference.network import Decoded, Draw, LandmarkNetwork
from device.inference.protocols import Network
from device.inference.remote import AcceleratorError, OpenRemote, open_remotely
from device.inference.settings import BudgetSettings, InferenceSettings
from device.support.condition import OK, Condition, State, worst
from device.support.machine import ROOT

log = logging.getLogger(__name__)

LOWER_RATES_FPS = (15.0, 7.5, 5.0)
"""Limits on the frame rate, tried one after the other once there is no smaller model."""

OpenAccelerator = Callable[[], LandmarkNetwork]
"""Opens the network on the accelerator; raises AcceleratorError or BadInputError."""


class NetworkEngine:
    """The stream's network: the tracker's `Network` and the daemon's `Engine`."""

    def __init__(
        self, model: str, settings: InferenceSettings, budget: BudgetSettings, root: Path = ROOT
    ) -> None:
        """Load the model.

        Args:
            model: a shipped one's name, or a .tflite file.
            settings: what it runs on.
            budget: how long a message may take.
            root: of the file tree in which an Edge TPU is looked for.

        Raises:
            LandmarksError: the model cannot be used.
        """
        self._settings, self._budget_settings, self._root = settings, budget, root
        self.model = OK
        self._finder: Monitored | None = None
        self._choose(model, find_model(model))

    def _choose(self, name: str, file: Path) -> None:
        network = self._load(file)
        self._name = self._running = name = resolved_name(name)
        self._file, self._network = file, network
        self._smaller = _smaller_models(name)
        self._budget = Budget(self._budget_settings, len(self._smaller) + len(LOWER_RATES_FPS))
        self._slowness = OK
        self.rate_fps: float | None = None

    def _load(self, file: Path) -> WithFallback[LandmarkNetwork]:
        cpu = LandmarkNetwork(file, self._settings.threads)
        open_accelerator, why_not = self._accelerator_for(file)
        return WithFallback(f"model {cpu.manifest.identity}", cpu, open_accelerator, why_not)

    def _accelerator_for(self, file: Path) -> tuple[OpenAccelerator | None, Condition]:
        """How to open a model on the Edge TPU; None, and the condition to report, where it cannot be."""
        settings = self._settings
        if settings.accelerator == "cpu":
            return None, OK
        required = settings.accelerator == "edgetpu"
        if not required and not edgetpu_places(self._root):
            log.debug("the model runs on the CPU: no Edge TPU is plugged in")
            return None, OK
        compiled = file.with_name(f"{file.stem}_edgetpu.tflite")
        if not compiled.is_file():
            reason = f"no {compiled.name} beside {file.name}; compile it with `python -m convert edgetpu`"
            log.warning("the model runs on the CPU: %s", reason)
            return None, Condition(State.DEGRADED, f"on the CPU: {reason}")

        def open_accelerator() -> LandmarkNetwork:
            if not required and not edgetpu_places(self._root):
                raise AcceleratorError("no Edge TPU is plugged in any more")
            return LandmarkNetwork(compiled, settings.threads, remote_opener(settings))

        return open_accelerator, OK

    def attach_finder(self, finder: Monitored) -> None:
        """Report the finder's condition as part of ours, and close it with us."""
        self._finder = finder

    @property
    def manifest(self) -> ModelManifest:
        """Of the model in use."""
        return self._network.active.manifest

    @property
    def identity(self) -> str:
        """NAME@sha8 of the model in use."""
        return self.manifest.identity

    @property
    def inference(self) -> Condition:
        """The worst of: the interpreter's condition, the finder's, and slowness."""
        finder = OK if self._finder is None else self._finder.condition
        return worst((self._network.condition, finder, self._slowness))

    def side_by_side(self, most: int) -> Sequence[Network]:
        """This network and copies of it on the CPU; on an accelerator, of which there is one, this alone."""
        network = self._network.take()
        return [self, *network.side_by_side(most)[1:]]

    def infer(self, crop: Image) -> None:
        """Run on a crop; on the CPU if the accelerator fails during the run."""
        self.infer_drawn(lambda pixels: np.copyto(pixels, crop))

    def infer_drawn(self, draw: Draw) -> None:
        """Run on a crop that `draw` draws; once more, on the CPU, if the accelerator fails during the run."""
        try:
            self._network.take().infer_drawn(draw)
        except AcceleratorError as error:
            self._network.fall_back(str(error)).infer_drawn(draw)

    def decode(self) -> Decoded:
        """The result of the last run."""
        return self._network.active.decode()

    def choose(self, name: str) -> None:
        """Change to another shipped model; if that fails, the one in use stays.

        Raises:
            LandmarksError: no such model, one that cannot be loaded, or one of another landmark scheme.
        """
        before, file = self._network, find_model(name)
        scheme = read_manifest(manifest_path_of(file)).scheme
        if scheme != self.manifest.scheme:
            raise BadInputError(
                f"model {name} has landmark scheme {scheme}, this run has {self.manifest.scheme}; "
                "start the daemon with the other model"
            )
        self._choose(name, file)
        before.close()

    def note_latency(self, latency_ms: float) -> None:
        """Record one message's latency; step down when it is too long, up again when it has recovered."""
        if self._budget.note(latency_ms, time.monotonic()):
            self._apply_budget()

    def _apply_budget(self) -> None:
        """Bring model and frame rate to the budget's level."""
        level, before = self._budget.level, self._network
        shrunk = min(level, len(self._smaller))
        name = ([self._name, *self._smaller])[shrunk]
        try:
            if name != self._running:
                self._network = self._load(self._file if shrunk == 0 else find_model(name))
                self._running = name
                before.close()
        except LandmarksError as error:
            log.error("model %s cannot be loaded, %s stays: %s", name, self.identity, error)  # noqa: TRY400
        slower = level - shrunk
        self.rate_fps = LOWER_RATES_FPS[slower - 1] if slower else None
        self._slowness = self._slowness_at(level, name)
        log.warning("%s", self._slowness.reason or "the latency is within its budget again")

    def _slowness_at(self, level: int, name: str) -> Condition:
        if not level:
            return OK
        measures = ([f"model {name}"] if name != self._name else []) + (
            [f"at most {self.rate_fps:g} frames a second"] if self.rate_fps else []
        )
        return Condition(
            State.DEGRADED,
            f"a message took {self._budget.median_ms:.0f} ms of a budget of "
            f"{self._budget_settings.latency_ms:g} ms: {', '.join(measures)}",
        )

    def close(self) -> None:
        """End the accelerators' processes."""
        self._network.close()
        if self._finder is not None:
            self._finder.close()


def remote_opener(settings: InferenceSettings) -> OpenRemote | None:
    """The function that opens a model on the accelerator; None when the settings allow none."""
    if settings.accelerator == "cpu":
        return None
    return open_remotely(settings.delegate, settings.open_seconds, settings.run_seconds)


def _smaller_models(name: str) -> list[str]:
    """Shipped models that cost less than this one, the costliest first.

    Who chose a model that is free for any use is not given one that is for research, nor the other way round.
    """
    if name not in shipped_models():
        return []
    alike = [each for each in shipped_models() if is_open(each) == is_open(name)]
    costs = {each: _cost(find_model(each)) for each in alike}
    smaller = [each for each, cost in costs.items() if cost < costs[name]]
    return sorted(smaller, key=lambda each: -costs[each])


def _cost(model: Path) -> int:
    """Roughly one run's work: a convolution uses each weight once per cell, and cells go with the crop."""
    width, height = read_manifest(manifest_path_of(model)).crop.size_wh
    return model.stat().st_size * width * height

"""The training loop. Killed at any moment, the same command resumes it with the same result."""

import dataclasses
import json
import logging
import math
import sys
import time
from typing import Any

import msgspec
import torch
from torch import nn
from tqdm import tqdm

from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes
from device.contract.landmarks import SCHEMES
from device.contract.provenance import merged
from training.data.prefetch import Prefetch
from training.engine.board import Board
from training.engine.checkpoint import (
    is_saved,
    load_values,
    recorded_sources,
    save_network,
    save_whole,
    settings_as_values,
)
from training.engine.fake_int8 import learn_in_int8
from training.engine.figures import draw_curves
from training.engine.optimiser import (
    SETTLING_STEPS,
    Average,
    begin_learning,
    freeze,
    learning_rate,
    make_optimiser,
    settle_statistics,
)
from training.engine.precision import autocast, choose_precision
from training.engine.run_log import RunLog
from training.engine.run_parts import RunParts
from training.engine.shards import write_saved
from training.engine.speed import Speed

LOG = logging.getLogger(__name__)

VALIDATIONS = 8
"""Evaluations in a run."""
CHECKPOINT_SECONDS = 120.0
"""Between checkpoints, besides those at evaluations."""
LOGS_PER_VALIDATION = 15
PICTURE_SECONDS = 20.0
"""Between drawings of curves and predictions, which take a second; the last validation is always drawn."""


def step_seed(seed: int, step: int) -> int:
    """The seed of one step of a run: no random state needs to be stored."""
    return (seed * 1_000_003 + step) * 2_654_435_761 % 2**63


def same_settings(stored: Any, settings: Any) -> bool:
    """Whether a checkpoint's values are those of a run file; what an older one lacks has its default."""
    if not dataclasses.is_dataclass(settings) or not isinstance(stored, dict):
        return bool(stored == _plain(settings))
    fields = dataclasses.fields(settings)
    if set(stored) - {item.name for item in fields}:
        return False
    for item in fields:
        value = getattr(settings, item.name)
        if item.name not in stored:
            missing = item.default_factory() if callable(item.default_factory) else item.default
            if value != missing:
                return False
        elif not same_settings(stored[item.name], value):
            return False
    return True


def _plain(value: Any) -> Any:
    return settings_as_values(value) if dataclasses.is_dataclass(value) else value


class Loop:
    """Trains one run to its end."""

    def __init__(self, parts: RunParts) -> None:
        """Resume from the folder's checkpoint if there is one."""
        self.parts = parts
        settings = parts.settings.optimiser
        self.device = next(parts.model.parameters()).device
        self.engine = parts.settings.engine
        self.precision = choose_precision(self.engine.precision, self.device)
        freeze(parts.model, settings)
        if self.engine.fake_int8:
            learn_in_int8(parts.model)
        self.scheme = SCHEMES[parts.settings.scheme]
        self.optimiser = make_optimiser(parts.model, settings, parts.task.extra)
        self.average = Average(parts.model, parts.average, settings.ema_decay)
        self.steps = max(settings.images // settings.batch, 1)
        # A short run is not evaluated more often than after as many faces as that takes.
        faces = math.ceil(len(parts.validation) / settings.batch)
        self.validation_steps = max(self.steps // VALIDATIONS, faces, 1)
        self.log_steps = max(self.validation_steps // LOGS_PER_VALIDATION, 1)
        parts.folder.mkdir(parents=True, exist_ok=True)
        self.checkpoint = parts.folder / "checkpoint.pt"
        self.sources = parts.sources
        self.step = self._resume()
        parts.world.wait()
        self.log = RunLog(parts.folder / "log.jsonl", self.step) if parts.world.leads else None
        self._keep_notes()
        self.board = Board(parts.folder / "tensorboard", self.step)
        self.speed = Speed(self.device, settings.batch)
        self.batches = Prefetch(self.make_batch)
        self.figures: dict[str, float] = {}
        self.drawn = -math.inf

    def _resume(self) -> int:
        if not is_saved(self.checkpoint):
            return 0
        values = load_values(self.checkpoint)
        if not same_settings(values["settings"], self.parts.settings):
            raise BadInputError(
                f"{self.checkpoint} was made with other settings: remove its folder to start anew, "
                "or give the run another name"
            )
        self.parts.model.load_state_dict(values["model"])
        self.parts.average.load_state_dict(values["average"])
        self.optimiser.load_state_dict(values["optimiser"])
        if self.parts.task.extra is not None:
            self.parts.task.extra.load_state_dict(values["extra"])
        # What the run learnt from before it was cut off has been learnt.
        self.sources = merged(self.sources, recorded_sources(values))
        return int(values["step"])

    def _keep_notes(self) -> None:
        """Write the notes before the first step, once."""
        rows = [{"step": 0, "images": 0, "note": note} for note in self.parts.notes]
        for row in rows:
            if self.log is not None and row not in self.log.rows:
                self.log.add(row)

    def _save(self) -> None:
        """The whole run; every draw follows from seed and step, so no random state is part of it."""
        if not self.parts.world.leads:
            return
        values = {
            "settings": settings_as_values(self.parts.settings),
            "step": self.step,
            "model": self.parts.model.state_dict(),
            "average": self.parts.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "sources": msgspec.to_builtins(self.sources),
        }
        if self.parts.task.extra is not None:
            values["extra"] = self.parts.task.extra.state_dict()
        save_whole(values, self.checkpoint, self.parts.options.shard_mb)

    def make_batch(self, step: int) -> Any:
        """This process's share of a step's batch."""
        settings = self.parts.settings
        rng = torch.Generator(self.device).manual_seed(step_seed(settings.seed, step))
        faces = torch.multinomial(
            self.parts.weights, settings.optimiser.batch, replacement=True, generator=rng
        )
        return self.parts.world.share_of(self.parts.augmenter.batch(faces, rng))

    def train_step(self, *, more: bool = False) -> dict[str, float]:
        """One update; the named terms of its batch. With `more` the next step's batch is begun."""
        settings, model, extra = self.parts.settings, self.parts.model, self.parts.task.extra
        with self.speed.waiting():
            batch = self.batches.take(self.step, and_next=more)
        # Dropout and noise inside the networks draw from the global state: a function of the step, too.
        torch.manual_seed(step_seed(settings.seed, self.step) + self.parts.world.rank)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step, self.steps, settings.optimiser)
        for part in (model, extra) if self.step <= SETTLING_STEPS else ():
            if part is not None:
                settle_statistics(part)
        with autocast(self.precision, self.device):
            result = self.parts.task(batch)
        self.optimiser.zero_grad(set_to_none=True)
        result.loss.backward()
        trained = [model] if extra is None else [model, extra]
        self.parts.world.agree(*trained)
        norm = nn.utils.clip_grad_norm_([w for module in trained for w in module.parameters()], 5.0)
        if not torch.isfinite(norm):
            self._stop_on_nan(batch)
        self.optimiser.step()
        self.average.update(self.step)
        return {name: float(value.detach()) for name, value in result.terms.items()}

    def _stop_on_nan(self, batch: Any) -> None:
        """Save the batch whose loss is NaN, and the weights at that step.

        Raises:
            BadInputError: always.
        """
        path = self.parts.folder / "nan_batch.pt"
        tensors = {
            name: value.cpu() for name, value in vars(batch).items() if isinstance(value, torch.Tensor)
        }
        values = {"step": self.step, "model": self.parts.model.state_dict(), **tensors}
        write_saved(lambda stream: torch.save(values, stream), path)
        raise BadInputError(
            f"loss is NaN at step {self.step}: batch saved as {path}; lower the learning rate"
        )

    def run(self, stop_at: int | None = None) -> dict[str, float]:
        """Train to the end (or to `stop_at` steps) and write network, log and pictures.

        Returns:
            Figures of the averaged network by set, fractions.
        """
        begin_learning(self.parts.model, self.parts.settings.optimiser)
        last = self.steps if stop_at is None else min(stop_at, self.steps)
        leads = self.parts.world.leads
        if leads:
            LOG.warning("precision %s: %s", self.precision.name, self.precision.reason)
        with tqdm(
            total=self.steps,
            initial=self.step,
            desc=self.parts.settings.name,
            unit="step",
            file=sys.stderr,
            disable=not leads,
        ) as bar:
            try:
                self._train_until(last, bar)
            finally:
                self.batches.close()
        self._save()
        if self.step == self.steps and leads:
            self._finish()
        self.board.close()
        self.parts.world.wait()
        return self.figures

    def _train_until(self, last: int, bar: "tqdm[Any]") -> None:
        saved = began = time.monotonic()
        limit = self.parts.options.stop_after_s or math.inf
        while self.step < last:
            with self.speed.step():
                terms = self.train_step(more=self.step + 1 < last)
            self.step += 1
            bar.update()
            if self.parts.world.leads:
                self._report(terms, bar)
            now = time.monotonic()
            if now - saved > CHECKPOINT_SECONDS:
                self._save()
                saved = now
            if now - began > limit:
                return

    def _report(self, terms: dict[str, float], bar: "tqdm[Any]") -> None:
        validate = self.step % self.validation_steps == 0 or self.step == self.steps
        if self.step % self.log_steps and not validate:
            return
        row: dict[str, Any] = {"step": self.step, "images": self.step * self.parts.settings.optimiser.batch}
        row |= {f"loss_{name}": value for name, value in terms.items()}
        if validate:
            self.figures = self._measure()
            row |= {f"{self.parts.figure}_{name}": value for name, value in self.figures.items()}
            bar.set_postfix({name: f"{100 * value:.2f}%" for name, value in self.figures.items()})
        if self.log is not None:
            self.log.add(row)
        # Times differ between two runs of one seed: they are kept out of the log.
        self.board.add({**row, **self.speed.figures})
        if validate and (self.step == self.steps or time.monotonic() - self.drawn > PICTURE_SECONDS):
            self._draw()
            self.drawn = time.monotonic()

    def _draw(self) -> None:
        folder, parts = self.parts.folder, self.parts
        if self.log is not None:
            draw_curves(self.log.rows, folder / "curves.png", parts.figure)
        parts.draw(parts.average, parts.validation, self.scheme, folder / "predictions.png")

    def _measure(self) -> dict[str, float]:
        return self.parts.measure(self.parts.average, self.parts.validation, self.scheme)

    def _finish(self) -> None:
        if not self.figures:
            self.figures = self._measure()
        metrics = {f"{self.parts.figure}_{name}": value for name, value in self.figures.items()}
        network = self.parts.folder / "network.pt"
        save_network(
            self.parts.average,
            self.parts.settings,
            metrics,
            network,
            half=self.engine.half,
            sources=self.sources,
        )
        if self.speed.figures:
            computed = {"device": self.device.type, "precision": self.precision.name}
            text = json.dumps({**self.speed.figures, **computed, "why": self.precision.reason}, indent=1)
            write_whole_bytes(self.parts.folder / "speed.json", (text + "\n").encode())

"""The one loop: batches in, a network out; killed at any moment it resumes with the same result."""

import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn
from tqdm import tqdm

from device.contract.errors import BadInputError
from device.contract.landmarks import SCHEMES, LandmarkScheme
from training.checkpoint import load_values, save_network, save_whole, settings_as_values
from training.figures import draw_curves, draw_predictions
from training.settings import OptimiserSettings
from training.tasks import TaskResult
from training.validation import validation_nme

VALIDATIONS = 25
"""Evaluations in a run."""
CHECKPOINT_SECONDS = 120.0
"""Between checkpoints, besides those at evaluations."""
LOGS_PER_VALIDATION = 5


def pick_device() -> torch.device:
    """CUDA if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def learning_rate(step: int, steps: int, settings: OptimiserSettings) -> float:
    """Linear warm-up, then half a cosine down to zero."""
    warm_up = max(int(steps * settings.warm_up), 1)
    if step < warm_up:
        return settings.learning_rate * (step + 1) / warm_up
    progress = (step - warm_up) / max(steps - warm_up, 1)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))


def make_optimiser(model: nn.Module, settings: OptimiserSettings) -> torch.optim.Optimizer:
    """AdamW; biases and BatchNorm gains are not decayed, there is nothing to shrink them towards."""
    decayed = [weight for weight in model.parameters() if weight.ndim > 1]
    free = [weight for weight in model.parameters() if weight.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": settings.weight_decay},
        {"params": free, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate)


def step_seed(seed: int, step: int) -> int:
    """One seed for every step of a run, so that no random state needs to be kept."""
    return (seed * 1_000_003 + step) * 2_654_435_761 % 2**63


class Average:
    """Exponential moving average of weights and BatchNorm statistics."""

    def __init__(self, model: nn.Module, average: nn.Module, decay: float) -> None:
        """`average` is a twin of `model`, overwritten with its weights."""
        self.model, self.average, self.decay = model, average.eval(), decay
        self.average.load_state_dict(model.state_dict())

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move towards the model; faster in the first steps, when the model is still far from itself."""
        decay = min(self.decay, (1 + step) / (10 + step))
        kept = self.average.state_dict()
        for name, value in self.model.state_dict().items():
            if value.is_floating_point():
                kept[name].lerp_(value, 1 - decay)
            else:
                kept[name].copy_(value)


class RunLog:
    """`log.jsonl`: one row a logged step; rows after the resumed step are dropped."""

    def __init__(self, path: Path, resumed_step: int) -> None:
        """Keep what was logged up to and with `resumed_step`."""
        self.path = path
        rows = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
        self.rows: list[dict[str, Any]] = [row for row in rows if row["step"] <= resumed_step]
        path.write_text("".join(json.dumps(row) + "\n" for row in self.rows))

    def add(self, row: dict[str, Any]) -> None:
        """Append a row."""
        self.rows.append(row)
        with self.path.open("a") as stream:
            stream.write(json.dumps(row) + "\n")


class RunFile(Protocol):
    """What the loop asks of a run file."""

    @property
    def name(self) -> str:
        """Folder below --runs."""
        ...

    @property
    def optimiser(self) -> OptimiserSettings:
        """For how long and how."""
        ...

    @property
    def scheme(self) -> str:
        """Landmark scheme."""
        ...

    @property
    def seed(self) -> int:
        """Of weights and of every batch."""
        ...


class Augmenter(Protocol):
    """Makes the batches of a task; each holds at least the `image` that the network sees."""

    def batch(self, chosen: torch.Tensor, rng: torch.Generator) -> Any:
        """A batch of these examples, every draw from `rng`."""
        ...


Measure = Callable[[nn.Module, Any, LandmarkScheme], dict[str, float]]
"""A network's figure on each validation set, a fraction, the less the better."""

Draw = Callable[[nn.Module, Any, LandmarkScheme, Path], None]
"""Writes a picture of a network's predictions on the validation set."""


@dataclass(frozen=True, eq=False)
class RunParts:
    """Everything a run consists of, built by the caller."""

    settings: RunFile
    """The run file, a dataclass."""
    model: nn.Module
    """Trained."""
    average: nn.Module
    """Its twin for the averaged weights."""
    task: Callable[[Any], TaskResult]
    """Forward and loss of one of the augmenter's batches; holds `model`."""
    augmenter: Augmenter
    """Makes batches."""
    weights: torch.Tensor
    """(N,) share of each packed example in a batch."""
    validation: Any
    """To report on, as `measure` and `draw` want it."""
    folder: Path
    """Where everything of the run goes."""
    measure: Measure = validation_nme
    """Takes the figures."""
    draw: Draw = draw_predictions
    """Draws the predictions."""
    figure: str = "nme"
    """What `measure` gives, as the log calls it."""


class Loop:
    """Trains one run to its end."""

    def __init__(self, parts: RunParts) -> None:
        """Resume from the folder's checkpoint if there is one."""
        self.parts = parts
        settings = parts.settings.optimiser
        self.device = next(parts.model.parameters()).device
        self.scheme = SCHEMES[parts.settings.scheme]
        self.optimiser = make_optimiser(parts.model, settings)
        self.average = Average(parts.model, parts.average, settings.ema_decay)
        self.steps = max(settings.images // settings.batch, 1)
        self.validation_steps = max(self.steps // VALIDATIONS, 1)
        self.log_steps = max(self.validation_steps // LOGS_PER_VALIDATION, 1)
        parts.folder.mkdir(parents=True, exist_ok=True)
        self.checkpoint = parts.folder / "checkpoint.pt"
        self.step = self._resume()
        self.log = RunLog(parts.folder / "log.jsonl", self.step)
        self.figures: dict[str, float] = {}

    def _resume(self) -> int:
        if not self.checkpoint.is_file():
            return 0
        values = load_values(self.checkpoint)
        if values["settings"] != settings_as_values(self.parts.settings):
            raise BadInputError(
                f"{self.checkpoint} was made with other settings: remove its folder to start anew, "
                "or give the run another name"
            )
        self.parts.model.load_state_dict(values["model"])
        self.parts.average.load_state_dict(values["average"])
        self.optimiser.load_state_dict(values["optimiser"])
        return int(values["step"])

    def _save(self) -> None:
        values = {
            "settings": settings_as_values(self.parts.settings),
            "step": self.step,
            "model": self.parts.model.state_dict(),
            "average": self.parts.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        save_whole(values, self.checkpoint)

    def train_step(self) -> dict[str, float]:
        """One update; the named terms of its batch."""
        settings = self.parts.settings
        rng = torch.Generator(self.device).manual_seed(step_seed(settings.seed, self.step))
        faces = torch.multinomial(
            self.parts.weights, settings.optimiser.batch, replacement=True, generator=rng
        )
        batch = self.parts.augmenter.batch(faces, rng)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step, self.steps, settings.optimiser)
        with torch.autocast(self.device.type, torch.bfloat16):
            result = self.parts.task(batch)
        self.optimiser.zero_grad(set_to_none=True)
        result.loss.backward()
        norm = nn.utils.clip_grad_norm_(self.parts.model.parameters(), 5.0)
        if not torch.isfinite(norm):
            self._stop_on_nan(batch.image)
        self.optimiser.step()
        self.average.update(self.step)
        return {name: float(value.detach()) for name, value in result.terms.items()}

    def _stop_on_nan(self, image: torch.Tensor) -> None:
        path = self.parts.folder / "nan_batch.pt"
        torch.save({"step": self.step, "image": image.cpu()}, path)
        raise BadInputError(
            f"loss is no number at step {self.step}: batch saved as {path}; lower the learning rate"
        )

    def run(self, stop_at: int | None = None) -> dict[str, float]:
        """Train to the end (or to `stop_at` steps) and write network, log and pictures.

        Returns:
            Figures of the averaged network by set, fractions.
        """
        self.parts.model.train()
        last = self.steps if stop_at is None else min(stop_at, self.steps)
        saved = time.monotonic()
        with tqdm(
            total=self.steps, initial=self.step, desc=self.parts.settings.name, unit="step", file=sys.stderr
        ) as bar:
            while self.step < last:
                terms = self.train_step()
                self.step += 1
                bar.update()
                self._report(terms, bar)
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    self._save()
                    saved = time.monotonic()
        self._save()
        if self.step == self.steps:
            self._finish()
        return self.figures

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
        self.log.add(row)
        if validate:
            draw_curves(self.log.rows, self.parts.folder / "curves.png", self.parts.figure)
            picture = self.parts.folder / "predictions.png"
            self.parts.draw(self.parts.average, self.parts.validation, self.scheme, picture)

    def _measure(self) -> dict[str, float]:
        return self.parts.measure(self.parts.average, self.parts.validation, self.scheme)

    def _finish(self) -> None:
        if not self.figures:
            self.figures = self._measure()
        metrics = {f"{self.parts.figure}_{name}": value for name, value in self.figures.items()}
        save_network(self.parts.average, self.parts.settings, metrics, self.parts.folder / "network.pt")

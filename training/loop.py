"""The one loop: batches in, a network out; killed at any moment it resumes with the same result."""

import dataclasses
import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn
from tqdm import tqdm

from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes
from device.contract.landmarks import SCHEMES, LandmarkScheme
from training.board import Board
from training.checkpoint import is_saved, load_values, save_network, save_whole, settings_as_values
from training.engine import engine_of, precision_of
from training.figures import draw_curves, draw_predictions
from training.prefetch import Prefetch
from training.settings import OptimiserSettings
from training.shards import write_saved
from training.speed import Speed
from training.tasks import TaskResult
from training.validation import validation_nme
from training.world import World

VALIDATIONS = 25
"""Evaluations in a run."""
CHECKPOINT_SECONDS = 120.0
"""Between checkpoints, besides those at evaluations."""
LOGS_PER_VALIDATION = 5
PICTURE_SECONDS = 20.0
"""Between drawings of curves and predictions, which take a second; the last validation is always drawn."""


def learning_rate(step: int, steps: int, settings: OptimiserSettings) -> float:
    """Linear warm-up, then half a cosine down to zero."""
    warm_up = max(int(steps * settings.warm_up), 1)
    if step < warm_up:
        return settings.learning_rate * (step + 1) / warm_up
    progress = (step - warm_up) / max(steps - warm_up, 1)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))


def make_optimiser(
    model: nn.Module, settings: OptimiserSettings, extra: nn.Module | None = None
) -> torch.optim.Optimizer:
    """AdamW; biases and BatchNorm gains are not decayed, there is nothing to shrink them towards."""
    weights = [*model.parameters(), *(() if extra is None else extra.parameters())]
    decayed = [weight for weight in weights if weight.ndim > 1]
    free = [weight for weight in weights if weight.ndim <= 1]
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


@dataclass(frozen=True)
class LoopOptions:
    """What the command line may change about any run, none of it its result."""

    shard_mb: float = 0.0
    """Megabytes of a checkpoint's shard; 0: one file."""
    initial: Path | None = None
    """State dict to begin with."""
    strict_counts: bool = False
    """A data set that is not of its published size is an error."""
    stop_after_s: float = 0.0
    """End, with a checkpoint, after so many seconds; 0: at the end of the run."""


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
    extra: nn.Module | None = None
    """Trained and resumed beside the model, but neither averaged nor handed on."""
    world: World = field(default_factory=World)
    """The processes that share the run."""
    options: LoopOptions = field(default_factory=LoopOptions)
    """From the command line."""
    notes: tuple[str, ...] = ()
    """On the data, kept in the log: one line each."""


class Loop:
    """Trains one run to its end."""

    def __init__(self, parts: RunParts) -> None:
        """Resume from the folder's checkpoint if there is one."""
        self.parts = parts
        settings = parts.settings.optimiser
        self.device = next(parts.model.parameters()).device
        self.engine = engine_of(parts.settings)
        self.scheme = SCHEMES[parts.settings.scheme]
        self.optimiser = make_optimiser(parts.model, settings, parts.extra)
        self.average = Average(parts.model, parts.average, settings.ema_decay)
        self.steps = max(settings.images // settings.batch, 1)
        self.validation_steps = max(self.steps // VALIDATIONS, 1)
        self.log_steps = max(self.validation_steps // LOGS_PER_VALIDATION, 1)
        parts.folder.mkdir(parents=True, exist_ok=True)
        self.checkpoint = parts.folder / "checkpoint.pt"
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
        if self.parts.extra is not None:
            self.parts.extra.load_state_dict(values["extra"])
        return int(values["step"])

    def _keep_notes(self) -> None:
        """Notes stand before the first step, once."""
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
        }
        if self.parts.extra is not None:
            values["extra"] = self.parts.extra.state_dict()
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
        settings, model, extra = self.parts.settings, self.parts.model, self.parts.extra
        with self.speed.waiting():
            batch = self.batches.take(self.step, and_next=more)
        # Dropout and noise inside the networks draw from the global state: a function of the step, too.
        torch.manual_seed(step_seed(settings.seed, self.step) + self.parts.world.rank)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step, self.steps, settings.optimiser)
        with precision_of(self.engine, self.device):
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
        """Save the batch that did it, and the weights it met.

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
            f"loss is no number at step {self.step}: batch saved as {path}; lower the learning rate"
        )

    def run(self, stop_at: int | None = None) -> dict[str, float]:
        """Train to the end (or to `stop_at` steps) and write network, log and pictures.

        Returns:
            Figures of the averaged network by set, fractions.
        """
        self.parts.model.train()
        last = self.steps if stop_at is None else min(stop_at, self.steps)
        leads = self.parts.world.leads
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
        save_network(self.parts.average, self.parts.settings, metrics, network, half=self.engine.half)
        if self.speed.figures:
            text = json.dumps({**self.speed.figures, "device": self.device.type}, indent=1)
            write_whole_bytes(self.parts.folder / "speed.json", (text + "\n").encode())

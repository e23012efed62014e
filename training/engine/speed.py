"""Speed of a run, and the share of time in which it waits for data."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

SAMPLED = 16
"""On a GPU every so many steps are timed: waiting for it to finish costs time itself."""


class Speed:
    """Images a second and the share of time in which training waits for a batch."""

    def __init__(self, device: torch.device, images_per_step: int) -> None:
        """`images_per_step` is the batch."""
        self.device, self.images_per_step = device, images_per_step
        self._steps = 0
        self._sampled = 0
        self._seconds = 0.0
        self._waited = 0.0

    def _now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()

    def _counts(self) -> bool:
        # The first step warms up.
        return self._steps > 0 and (self.device.type == "cpu" or self._steps % SAMPLED == 0)

    @contextmanager
    def step(self) -> Iterator[None]:
        """Around one training step."""
        started = self._now() if self._counts() else None
        yield
        if started is not None:
            self._seconds += self._now() - started
            self._sampled += 1
        self._steps += 1

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Around the wait for a batch, inside a step."""
        started = self._now() if self._counts() else None
        yield
        if started is not None:
            self._waited += self._now() - started

    @property
    def figures(self) -> dict[str, float]:
        """images_per_second and waiting_share; empty before the second step."""
        if not self._sampled:
            return {}
        return {
            "images_per_second": self._sampled * self.images_per_step / self._seconds,
            "waiting_share": self._waited / self._seconds,
        }

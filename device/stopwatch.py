"""Milliseconds a stage, gathered over one frame."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

STAGES = ("find", "crop", "infer", "decode")
"""Stages of a frame, in order."""


class Stopwatch:
    """Adds up what each stage of a frame took; faces and passes add to the same stage."""

    def __init__(self) -> None:
        """At zero, and running for `total`."""
        self._begun_ns = time.perf_counter_ns()
        self._spent_ns = dict.fromkeys(STAGES, 0)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block as part of a stage."""
        begun_ns = time.perf_counter_ns()
        yield
        self._spent_ns[name] += time.perf_counter_ns() - begun_ns

    def milliseconds(self) -> dict[str, float]:
        """Each stage, and `total` since the start: also what lies between the stages."""
        total_ns = time.perf_counter_ns() - self._begun_ns
        return {name: spent / 1e6 for name, spent in self._spent_ns.items()} | {"total": total_ns / 1e6}

"""Milliseconds a stage, gathered over one frame."""

import time

STAGES = ("find", "crop", "infer", "decode")
"""Stages of a frame, in order."""


class Stopwatch:
    """Time spent in each stage of one frame, summed over faces and passes, in whatever thread."""

    def __init__(self) -> None:
        self._begun_ns = self._lap_ns = time.perf_counter_ns()
        self.spent_ns = dict.fromkeys(STAGES, 0)
        """In each stage so far, in this thread."""
        self._others: tuple[Stopwatch, ...] = ()

    def beside(self) -> "Stopwatch":
        """A stopwatch for another thread, whose stages count as this one's."""
        other = Stopwatch()
        self._others += (other,)
        return other

    def begin(self) -> None:
        """A stage begins now."""
        self._lap_ns = time.perf_counter_ns()

    def end(self, stage: str) -> None:
        """This stage ends now, and the next one begins."""
        now_ns = time.perf_counter_ns()
        self.spent_ns[stage] += now_ns - self._lap_ns
        self._lap_ns = now_ns

    def milliseconds(self) -> dict[str, float]:
        """Each stage, and `total` since the start, which includes the time between stages."""
        total_ns = time.perf_counter_ns() - self._begun_ns
        for other in self._others:
            for name, spent_ns in other.spent_ns.items():
                self.spent_ns[name] += spent_ns
        self._others = ()
        return {name: spent / 1e6 for name, spent in self.spent_ns.items()} | {"total": total_ns / 1e6}

"""The next batch made while the network learns from this one."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Prefetch:
    """One batch ahead, by step: a batch depends on its step alone, so nothing changes but the waiting."""

    def __init__(self, make: Callable[[int], Any]) -> None:
        """`make` gives a step's batch."""
        self._make = make
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
        self._ahead: dict[int, Future[Any]] = {}

    def take(self, step: int, *, and_next: bool = True) -> Any:
        """The batch of a step; that of the next is begun.

        An error in making it is raised here.
        """
        future = self._ahead.pop(step, None)
        for other in self._ahead.values():
            other.cancel()
        self._ahead = {}
        batch = self._make(step) if future is None else future.result()
        if and_next:
            self._ahead[step + 1] = self._pool.submit(self._make, step + 1)
        return batch

    def close(self) -> None:
        """Drop what is ahead and end the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._ahead = {}

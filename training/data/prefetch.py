"""Prefetching: the next batch is made while the network learns from the current one."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Prefetch:
    """Calls `make(step)` one step ahead. A batch depends on its step alone, so this changes no result."""

    def __init__(self, make: Callable[[int], Any]) -> None:
        self._make = make
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
        self._ahead: dict[int, Future[Any]] = {}

    def take(self, step: int, *, and_next: bool = True) -> Any:
        """Return the batch of a step and begin the next one.

        An exception raised while the batch was made is raised here.
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
        """Drop the prefetched batch and end the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._ahead = {}

"""The same work on several things at once, one worker a thread."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

Thing = TypeVar("Thing")
Result = TypeVar("Result")


@cache
def _threads(count: int) -> "ThreadPoolExecutor":
    """So many threads beside the caller's, kept for the next frame."""
    # Most streams show one face and need neither the threads nor what they import.
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(count, "faces")


def run_side_by_side(workers: Sequence[Callable[[Thing], Result]], things: Sequence[Thing]) -> list[Result]:
    """What each thing gives, in their order; every worker runs in a thread of its own, the first in this one.

    The n-th worker takes the n-th thing and every `len(workers)`-th after it: faces take equally long.

    Raises:
        Exception: what a worker raises, after all have ended.
    """
    count = len(workers)
    if count == 1:
        return [workers[0](thing) for thing in things]

    def run(number: int) -> list[Result]:
        return [workers[number](thing) for thing in things[number::count]]

    others = [_threads(count - 1).submit(run, number) for number in range(1, count)]
    try:
        first = run(0)
    finally:
        # Waits: nobody may still be at work on a frame that its caller has left.
        for other in others:
            other.exception()
    shares = [first, *(other.result() for other in others)]
    return [shares[number % count][number // count] for number in range(len(things))]

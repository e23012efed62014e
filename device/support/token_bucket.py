"""A limit to how often something may happen, with room for a burst."""

import time
from collections.abc import Callable


class TokenBucket:
    """Holds at most `burst` tokens and gets `per_second` new ones; for one thread."""

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._tokens, self._filled_at = burst, clock()

    @property
    def has_tokens(self) -> bool:
        """Whether at least one token is there."""
        now = self._clock()
        self._tokens = min(self._tokens + (now - self._filled_at) * self._per_second, self._burst)
        self._filled_at = now
        return self._tokens >= 1

    def spend(self) -> None:
        """Take one token; what has happened already may leave a debt."""
        self._tokens -= 1

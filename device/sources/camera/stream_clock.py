"""When a frame of a stream was captured, on our clock: from the stream's time stamps and their arrival."""

MAX_RISE = 1e-3
"""How fast the shortest delay may grow, seconds a second: more than clocks drift apart, less than the
network wavers."""

PLAUSIBLE_DELAY_NS = 1_000_000_000
"""A larger difference between stamp and arrival means that the stream's clock has jumped."""


class StreamClock:
    """Takes the frame that travelled fastest for the measure of the others.

    The stream's zero on our clock is the least difference of arrival and stamp so far. So a frame that the
    network held up keeps its true time. The delay of the fastest frame stays unknown and is not in the
    latency.
    """

    def __init__(self) -> None:
        self._zero_ns: float | None = None
        self._arrived_ns = 0

    def captured_ns(self, stamp_ns: int, arrived_ns: int) -> int:
        """Monotonic nanoseconds of the capture.

        Args:
            stamp_ns: the frame's time stamp, from the start of the stream.
            arrived_ns: monotonic nanoseconds of its arrival.
        """
        zero_ns = float(arrived_ns - stamp_ns)
        if self._zero_ns is not None:
            risen = self._zero_ns + MAX_RISE * (arrived_ns - self._arrived_ns)
            if abs(zero_ns - risen) < PLAUSIBLE_DELAY_NS:
                zero_ns = min(zero_ns, risen)
        self._zero_ns, self._arrived_ns = zero_ns, arrived_ns
        return min(stamp_ns + round(zero_ns), arrived_ns)

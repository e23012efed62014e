"""Figures for Prometheus: the stream counted and timed, as text at http://HOST:PORT/metrics.

The text and its server are prometheus-client's; it is imported only when this sink is asked for.
"""

from collections.abc import Iterator

from msgspec.structs import asdict
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from device.contract.errors import MissingOutsideError, UsageError
from device.messages import messages as events
from device.messages.messages import PARTS
from device.sinks.uri import SinkUri
from device.support.condition import Condition, State

LOOPBACK = "127.0.0.1"
"""Who may ask unless the address names a host: this machine only."""

BUCKETS_SECONDS = (0.0005, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.01, 0.02, 0.035, 0.05, 0.1, 0.25, 1.0)
"""Upper ends: fine about the budget of a frame, coarse where something is wrong."""

GAUGES = {
    "fps": ("landmarks_fps", "Frame messages a second.", 1.0),
    "fps_captured": ("landmarks_captured_fps", "Frames that the source had a second.", 1.0),
    "fps_skipped": ("landmarks_skipped_fps", "Frames skipped a second.", 1.0),
    "uptime_s": ("landmarks_uptime_seconds", "Since the daemon's start.", 1.0),
    "rss_mb": ("landmarks_resident_memory_bytes", "Resident memory of the process.", 1e6),
    "temperature_c": ("landmarks_temperature_celsius", "Of the processor.", 1.0),
}
"""Figures of the last health message: name, meaning, and what one of ours is of Prometheus's."""


class MetricsSink:
    """Counts and times every message; whoever asks over HTTP gets the figures of that moment."""

    def __init__(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one.

        Raises:
            MissingOutsideError: the port is taken or the address is not this machine's.
        """
        self._registry = CollectorRegistry()
        self._frames = Counter("landmarks_frames", "Frame messages.", registry=self._registry)
        self._errors = Counter("landmarks_errors", "Error messages.", registry=self._registry)
        self._lost = Counter("landmarks_faces_lost", "Faces given up.", registry=self._registry)
        self._faces = Gauge("landmarks_faces", "Faces in the last frame.", registry=self._registry)
        self._latency = self._histogram("landmarks_latency_seconds", "From capture to publishing.")
        self._stages = self._histogram("landmarks_stage_seconds", "Each stage of a frame.", "stage")
        self._health: events.Health | None = None
        self._status: events.Status | None = None
        self._registry.register(self)
        try:
            self._server, self._thread = start_http_server(port, host, self._registry)
        except OSError as error:
            raise MissingOutsideError(
                f"cannot listen on {host}:{port} for metrics ({error.strerror}); "
                "end the program that uses the port, or name another with metrics:PORT"
            ) from error
        self.port = int(self._server.server_port)
        """Where it listens."""

    def _histogram(self, name: str, meaning: str, *labels: str) -> Histogram:
        return Histogram(name, meaning, labels, buckets=BUCKETS_SECONDS, registry=self._registry)

    @property
    def condition(self) -> Condition:
        """Always well: nobody needs to ask."""
        return Condition()

    def publish(self, message: events.Message, line: bytes) -> None:  # noqa: ARG002 - other sinks write it
        """Take a message into the figures."""
        match message:
            case events.FrameMessage():
                self._frames.inc()
                self._faces.set(len(message.faces))
                self._latency.observe((message.published_ns - message.captured_ns) / 1e9)
                for stage, spent_ms in asdict(message.timing_ms).items():
                    self._stages.labels(stage).observe(spent_ms / 1e3)
            case events.ErrorMessage():
                self._errors.inc()
            case events.FaceLost():
                self._lost.inc()
            case events.Health():
                self._health = message
            case events.Status():
                self._status = message

    def collect(self) -> Iterator[Metric]:
        """What the last status and health said; the registry calls this for every reader."""
        if self._status is not None:
            yield _states(self._status)
        if self._health is not None:
            yield from _gauges(self._health)
            yield from _totals(self._health)
        if self._health is not None and self._health.model is not None:
            yield InfoMetricFamily("landmarks_model", "Model in use.", {"model": self._health.model})

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _states(status: events.Status) -> Metric:
    family = GaugeMetricFamily(
        "landmarks_state", "1 for the state that a part is in.", labels=("part", "state")
    )
    for part in PARTS:
        for state in State:
            family.add_metric((part, state.value), float(getattr(status, part).state == state))
    return family


def _gauges(health: events.Health) -> Iterator[Metric]:
    for key, (name, meaning, factor) in GAUGES.items():
        value = getattr(health, key)
        if value is not None:
            yield GaugeMetricFamily(name, meaning, value * factor)
    if health.throttled is not None:
        held = GaugeMetricFamily("landmarks_throttled", "Whether the firmware holds the processor back.")
        held.add_metric((), float(bool(health.throttled)))
        yield held


def _totals(health: events.Health) -> Iterator[Metric]:
    yield CounterMetricFamily("landmarks_skipped_frames", "Replaced by a newer one.", health.skipped)
    family = CounterMetricFamily(
        "landmarks_restarts", "Parts that were lost and came back.", labels=("part",)
    )
    for part, times in (health.restarts or {}).items():
        family.add_metric((part,), times)
    yield family


def open_metrics(uri: SinkUri) -> MetricsSink:
    """Open `metrics:[HOST:]PORT`.

    Raises:
        UsageError: no port, or an option.
        MissingOutsideError: the port is taken or the address is not this machine's.
    """
    uri.read_options({})
    host, _, port = uri.place.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise UsageError(f"sink metrics: got {uri.place!r}, wanted [HOST:]PORT, as in metrics:9464")
    return MetricsSink(host.strip("[]") or LOOPBACK, int(port))

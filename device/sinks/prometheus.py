"""Figures for Prometheus: the stream counted and timed, as text at http://HOST:PORT/metrics."""

from collections.abc import Iterator
from http import HTTPStatus

from msgspec.structs import asdict
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from device.messages import messages as events
from device.messages.messages import PARTS
from device.sinks.outage import is_outage
from device.sinks.web.guard import Guard, Refusal
from device.sinks.web.server_thread import ServerThread, answer, listen, refuse
from device.support.condition import Condition, State

PATH = "/metrics"

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

OF_FRAMES = {"fps", "fps_captured", "fps_skipped"}
"""Those of them that mean nothing while no frames come."""


class MetricsSink:
    """Counts and times every message; whoever asks over HTTP gets the figures of that moment."""

    wants_frame_lines = False

    def __init__(self, host: str, port: int, token: str | None) -> None:
        """Serve from now on.

        Args:
            host: name or number of an address of this machine.
            port: TCP; 0 takes a free one.
            token: what readers must show; None lets everybody on this machine read.

        Raises:
            MissingOutsideError: the port is taken, or the address is not this machine's.
        """
        self._registry = CollectorRegistry()
        self._frames = Counter("landmarks_frames", "Frame messages.", registry=self._registry)
        self._errors = Counter("landmarks_errors", "Error messages.", registry=self._registry)
        self._lost = Counter("landmarks_faces_lost", "Faces given up.", registry=self._registry)
        self._latency = self._histogram("landmarks_latency_seconds", "From capture to publishing.")
        self._stages = self._histogram("landmarks_stage_seconds", "Each stage of a frame.", "stage")
        self._faces: int | None = None
        self._health: events.Health | None = None
        self._status: events.Status | None = None
        self._registry.register(self)
        self._guard = Guard(frozenset(), token)
        self._server = ServerThread("metrics", listen("metrics", host, port), self._answer, _no_socket)
        self.port = self._server.port
        """Where it listens."""

    def _histogram(self, name: str, meaning: str, *labels: str) -> Histogram:
        return Histogram(name, meaning, labels, buckets=BUCKETS_SECONDS, registry=self._registry)

    @property
    def condition(self) -> Condition:
        """Always OK: nobody needs to ask."""
        return Condition()

    def publish(self, message: events.Message, line: bytes) -> None:  # noqa: ARG002 - other sinks write it
        """Count one message.

        Raises:
            RuntimeError: the server has died of a fault of ours.
        """
        if self._server.died:
            raise RuntimeError("the server of the metrics has died; its traceback is above")
        match message:
            case events.FrameMessage():
                self._frames.inc()
                self._faces = len(message.faces)
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
                if is_outage(message):
                    self._faces = None

    def collect(self) -> Iterator[Metric]:
        """What is known now; the registry calls this for every reader.

        While no frames come, the figures about them are left out rather than kept as they were.
        """
        status, health, faces = self._status, self._health, self._faces
        if status is not None:
            yield _states(status)
            up = float(status.camera.state is not State.LOST)
            yield GaugeMetricFamily("landmarks_camera_up", "Whether the camera gives frames.", up)
        if faces is not None:
            yield GaugeMetricFamily("landmarks_faces", "Faces in the last frame.", faces)
        if health is not None:
            yield from _gauges(health, outage=status is not None and is_outage(status))
            yield from _totals(health)
            if health.model is not None:
                yield InfoMetricFamily("landmarks_model", "Model in use.", {"model": health.model})

    async def _answer(self, connection: ServerConnection, request: Request) -> Response:
        """Answer a request; called in the server's thread."""
        refusal = self._guard.check_host(request.headers)
        refusal = refusal or self._guard.check_viewer(request.headers, connection.remote_address[0])
        if refusal is None and request.path.partition("?")[0] != PATH:
            refusal = Refusal(HTTPStatus.NOT_FOUND, f"no such page; the figures are at {PATH}")
        if refusal is not None:
            return refuse(refusal)
        return answer(HTTPStatus.OK, generate_latest(self._registry), CONTENT_TYPE_LATEST)

    def close(self) -> None:
        """Stop listening."""
        self._server.close()


async def _no_socket(_: ServerConnection) -> None:
    """Every request is answered before it could become a WebSocket."""


def _states(status: events.Status) -> Metric:
    family = GaugeMetricFamily(
        "landmarks_state", "1 for the state that a part is in.", labels=("part", "state")
    )
    for part in PARTS:
        for state in State:
            family.add_metric((part, state.value), float(getattr(status, part).state == state))
    return family


def _gauges(health: events.Health, outage: bool) -> Iterator[Metric]:
    for key, (name, meaning, factor) in GAUGES.items():
        value = getattr(health, key)
        if value is not None and not (outage and key in OF_FRAMES):
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

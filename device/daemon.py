"""The daemon: frames from a source, through the tracker, as messages to every sink."""

import time
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import numpy as np

from device import events
from device.frame import Frame, FrameSource, Unreadable
from device.memory import resident_mb
from device.settings import DaemonSettings
from device.sinks import Sink
from device.track import TrackedFace
from device.tracker import TrackedFrame, Tracker

LATENCIES_KEPT = 3000
"""Of the newest messages, for health's percentiles: ten seconds of a fast camera."""

FILE_FPS = 30.0
"""Frames of files are tracked as if they came at this rate: what is found in a file must not depend on
how fast it is read."""


class Daemon:
    """One source, one tracker, any number of sinks."""

    def __init__(
        self,
        source: FrameSource,
        tracker: Tracker,
        sinks: Sequence[Sink],
        model: str,
        settings: DaemonSettings,
    ) -> None:
        """Nothing runs yet.

        Args:
            source: iterated once.
            tracker: with a loaded network.
            sinks: every message goes to each.
            model: NAME@sha8 for the messages.
            settings: how long and how often.
        """
        self._source, self._tracker, self._sinks = source, tracker, sinks
        self._model, self._settings = model, settings
        # Pictures of a folder are unrelated unless the user says otherwise.
        self._unrelated = source.name == "images" and not settings.follow
        self._camera = events.Condition()
        self._begun = self._health_told = time.monotonic()
        self._frames = self._frames_told = self._unreadable = 0
        self._latencies_ms: deque[float] = deque(maxlen=LATENCIES_KEPT)
        self._stopping = False

    def __enter__(self) -> Self:
        """The daemon itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of the source and the sinks."""
        self._source.close()
        for sink in self._sinks:
            sink.close()

    def stop(self) -> None:
        """End after the frame in hand; may be called from a signal handler."""
        self._stopping = True
        self._source.close()

    def run(self) -> None:
        """Publish until the source ends, `stop` is called, or the wanted frames are done."""
        if self._source.live:
            self._publish(events.Status(self._source.name, time.monotonic_ns()))
            self._publish_health()
        for item in self._source:
            if self._stopping:
                break
            if isinstance(item, Unreadable):
                self._on_unreadable(item)
            else:
                self._on_frame(item)
            if time.monotonic() - self._health_told >= self._settings.health_seconds:
                self._publish_health()
            if self._settings.frames is not None and self._frames >= self._settings.frames:
                break

    def _publish(self, message: events.Message) -> None:
        line = events.encode(message)
        for sink in self._sinks:
            sink.publish(message, line)

    def _on_frame(self, frame: Frame) -> None:
        if self._unrelated:
            self._tracker.reset()
        tracked = self._tracker.track(frame.image, self._scene_ns(frame))
        self._set_camera(events.Condition())
        published_ns = time.monotonic_ns()
        self._publish(self._frame_message(frame, tracked, published_ns))
        for number in () if self._unrelated else tracked.lost_ids:
            self._publish(
                events.FaceLost(self._source.name, frame.sequence, frame.captured_ns, published_ns, number)
            )
        self._frames += 1
        self._latencies_ms.append((published_ns - frame.captured_ns) / 1e6)

    def _scene_ns(self, frame: Frame) -> int:
        """When the scene looked like this: nanoseconds since any instant that the stream keeps."""
        return frame.captured_ns if self._source.live else int(frame.sequence * 1e9 / FILE_FPS)

    def _frame_message(self, frame: Frame, tracked: TrackedFrame, published_ns: int) -> events.FrameMessage:
        width, height = frame.size_wh
        return events.FrameMessage(
            source=self._source.name,
            sequence=frame.sequence,
            captured_ns=frame.captured_ns,
            published_ns=published_ns,
            frame=events.FrameInfo(width, height, frame.name),
            faces=[_face_message(face) for face in tracked.faces],
            timing_ms=events.TimingMs(**tracked.timing_ms),
            model=self._model,
        )

    def _on_unreadable(self, missing: Unreadable) -> None:
        self._unreadable += 1
        self._publish(
            events.ErrorMessage(
                self._source.name,
                missing.sequence,
                missing.captured_ns,
                time.monotonic_ns(),
                missing.reason,
                missing.name,
            )
        )
        if self._source.live:
            self._set_camera(events.Condition(events.State.LOST, missing.reason))

    def _set_camera(self, condition: events.Condition) -> None:
        """Tell a change of the camera's state; a live source only, a file cannot come back."""
        if condition.state != self._camera.state:
            self._camera = condition
            self._publish(events.Status(self._source.name, time.monotonic_ns(), camera=condition))

    def _publish_health(self) -> None:
        now = time.monotonic()
        elapsed, frames = now - self._health_told, self._frames - self._frames_told
        p50, p95 = np.percentile(self._latencies_ms, [50, 95]) if self._latencies_ms else (None, None)
        monotonic_ns, utc_ns = events.clock_pair()
        self._publish(
            events.Health(
                source=self._source.name,
                monotonic_ns=monotonic_ns,
                utc_ns=utc_ns,
                uptime_s=now - self._begun,
                frames=self._frames,
                skipped=self._source.skipped,
                unreadable=self._unreadable,
                fps=frames / elapsed if frames else None,
                latency_ms_p50=p50,
                latency_ms_p95=p95,
                rss_mb=resident_mb(),
            )
        )
        self._health_told, self._frames_told = now, self._frames
        self._latencies_ms.clear()


def _face_message(face: TrackedFace) -> events.FaceMessage:
    return events.FaceMessage(face.id, face.score, face.box, face.landmarks_frame, face.landmark_scores)

"""The real parts of a daemon, made from its settings."""

import dataclasses

from device.daemon.service import Pipeline
from device.finders.fallback import GuardedFinder
from device.finders.open import open_finder
from device.inference.engine import NetworkEngine, remote_opener
from device.settings import DaemonSettings
from device.sinks import Sink, open_sink
from device.sources.frame import FrameSource
from device.sources.open import open_source
from device.tracking.tracker import Tracker


class Assembly:
    """Opens what the settings name; a `device.daemon.service.Builder`."""

    def source(self, settings: DaemonSettings, wait_for_camera: bool) -> FrameSource:
        """Where the frames come from.

        Raises:
            LandmarksError: it cannot be opened.
        """
        camera = dataclasses.replace(settings.camera, wait=wait_for_camera)
        return open_source(settings.source, camera)

    def sink(self, address: str) -> Sink:
        """Where messages go.

        Raises:
            LandmarksError: it cannot be opened.
        """
        return open_sink(address)

    def pipeline(self, settings: DaemonSettings, previous: Tracker | None) -> Pipeline:
        """A pipeline, loaded anew; ids of faces continue after those of the previous tracker.

        Raises:
            LandmarksError: a model cannot be used.
        """
        threads = settings.inference.threads
        engine = NetworkEngine(settings.model, settings.inference, settings.budget)
        try:
            finder = open_finder(settings.finder, threads, remote_opener(settings.inference))
        except BaseException:
            engine.close()
            raise
        if isinstance(finder, GuardedFinder):
            engine.attach_finder(finder)
        tracker = Tracker(engine, finder, settings.tracker)
        if previous is not None:
            tracker.next_id = previous.next_id
        return Pipeline(tracker, engine)

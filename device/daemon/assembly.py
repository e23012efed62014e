"""The real parts of a daemon, made from its settings."""

import dataclasses
import logging

from device.contract.manifest import manifest_path_of, read_manifest
from device.daemon.licence import licence_note
from device.daemon.service import Pipeline
from device.finders.fallback import GuardedFinder
from device.finders.finder import Finder
from device.finders.open import open_finder
from device.finders.trained import TrainedFinder, finder_for
from device.inference.edgetpu import edgetpu_places
from device.inference.engine import NetworkEngine, remote_opener
from device.inference.models import ACCURATE_MODEL, AUTO_MODEL, find_model, resolved_name
from device.settings import DaemonSettings
from device.sinks import Sink, open_sink
from device.sources.frame import FrameSource
from device.sources.open import open_source
from device.support.machine import ROOT
from device.tracking.tracker import Tracker

log = logging.getLogger(__name__)


class Assembly:
    """Opens what the settings name; a `device.daemon.service.Builder`."""

    def __init__(self) -> None:
        self._said = {"model": "", "licence": ""}
        """What was said last of each: a reload says nothing again."""

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
        threads, model = settings.inference.threads, self._model_of(settings)
        engine = NetworkEngine(model, settings.inference, settings.budget)
        try:
            address = finder_for(model, settings.finder)
            finder = open_finder(address, threads, remote_opener(settings.inference))
            self._say_licence(model, finder)
        except BaseException:
            engine.close()
            raise
        if isinstance(finder, GuardedFinder):
            engine.attach_finder(finder)
        tracker = Tracker(engine, finder, settings.tracker)
        if previous is not None:
            tracker.next_id = previous.next_id
        return Pipeline(tracker, engine)

    def _model_of(self, settings: DaemonSettings) -> str:
        """The model's name or file; one that suits the processor is told where it is not the accurate one."""
        if settings.model != AUTO_MODEL:
            return settings.model
        accelerated = settings.inference.accelerator != "cpu" and bool(edgetpu_places(ROOT))
        model = resolved_name(AUTO_MODEL, accelerated=accelerated)
        if model != ACCURATE_MODEL:
            self._say(
                "model",
                f"model {model}: this processor has no int8 dot products; --model {ACCURATE_MODEL} is more "
                "accurate, and slower",
            )
        return model

    def _say_licence(self, model: str, finder: Finder) -> None:
        """Log what the weights may be used for, once and not again at a reload."""
        manifest = read_manifest(manifest_path_of(find_model(model)))
        provenances = {f"model {model}": manifest.provenance}
        if isinstance(finder, TrainedFinder):
            name = finder.manifest.name
            provenances["its finder" if name == "finder" else f"finder {name}"] = finder.manifest.provenance
        self._say("licence", licence_note(provenances))

    def _say(self, about: str, line: str) -> None:
        """Log a line that was not said last of this; an empty one says nothing."""
        if line and line != self._said[about]:
            log.info(line)
        self._said[about] = line

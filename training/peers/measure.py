"""Measures the sections of a run, one after the other."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from device.checks.jitter.sitter import Sitter, demo_sitters
from device.checks.timing import BLOCK
from device.contract.errors import UsageError
from device.finders.open import open_finder
from device.finders.settings import DEFAULT_FINDER
from device.inference.models import ACCURATE_MODEL, find_model
from device.inference.network import LandmarkNetwork
from device.support.processor import read_processor
from training.export.handover_faces import thinned
from training.peers.about import about
from training.peers.accuracy import measure_accuracy
from training.peers.figures import ANY, Figures
from training.peers.kept import Kept
from training.peers.line_up import LineUp
from training.peers.options import ACCURACY, ROBUSTNESS, START, STEADINESS, TIMES, Options
from training.peers.page import figures_path
from training.peers.robustness import measure_robustness
from training.peers.scene import demo_scene
from training.peers.start import measure_start
from training.peers.steadiness import FRAMES, measure_steadiness, sitter_of
from training.peers.times import measure_followed, measure_times


class Run:
    """One run's peers and faces."""

    def __init__(self, options: Options, peers: LineUp, work: Path) -> None:
        """Read the faces.

        Raises:
            UsageError: an unknown kind of set.
            BadInputError: the set is missing or damaged.
        """
        self._options, self._peers, self._work = options, peers, work
        self._samples = options.samples()
        self._scene = demo_scene()

    def about(self, section: str) -> dict[str, Any]:
        """What its table says of itself."""
        effort = self._options.effort
        if section == TIMES:
            return about(self._peers, calls=BLOCK * effort.rounds)
        if section == START:
            return about(self._peers, starts=effort.starts)
        if section == STEADINESS:
            sitters = len(self._sitters())
            return about(self._peers, faces=sitters, frames=FRAMES, faces_from=self._sitters_from)
        return about(self._peers, faces=len(self._samples), faces_from=self._options.faces_from)

    def times(self) -> Any:
        """Medians by peer and stage."""
        times = measure_times(self._peers, *self._scene, self._options.effort.rounds)
        for name, followed in measure_followed(self._options.effort.rounds).items():
            times.setdefault(name, {}).update(followed)
        return times

    def start(self) -> Any:
        """By peer."""
        starts = measure_start(self._peers, *self._scene, self._options.effort.starts)
        return {name: asdict(start) for name, start in starts.items()}

    def accuracy(self) -> Any:
        """Tables, by peer."""
        self._need_faces(ACCURACY)
        return asdict(measure_accuracy(self._peers, self._samples))

    def _sitters(self) -> list[Sitter]:
        if self._samples:
            return [sitter_of(sample) for sample in thinned(self._samples, self._options.effort.sitters)]
        network = LandmarkNetwork(find_model(ACCURATE_MODEL))
        return demo_sitters(network, open_finder(DEFAULT_FINDER))

    @property
    def _sitters_from(self) -> str:
        return self._options.faces_from or "the demo's photograph, also mirrored"

    def steadiness(self) -> Any:
        """By column and peer."""
        measured = measure_steadiness(self._peers, self._sitters())
        return {
            column: {name: None if each is None else asdict(each) for name, each in rows.items()}
            for column, rows in measured.items()
        }

    def robustness(self) -> Any:
        """Curves, by hardship and peer."""
        self._need_faces(ROBUSTNESS)
        faces = [(sample.name, sample.landmarks.sum().item()) for sample in self._samples]
        kept = Kept(self._work, {"faces": faces, "peers": self._peers.versions})
        measured = asdict(measure_robustness(self._peers, self._samples, kept))
        kept.clear()
        return measured

    def _need_faces(self, section: str) -> None:
        if not self._samples:
            raise UsageError(f"{section} wants labelled faces; give --dataset SET:FOLDER, as 300w:FOLDER")


def measure(options: Options, peers: LineUp, page: Path, work: Path) -> Iterator[str]:
    """Measure each section and keep its figures beside the page; its name, when they are there.

    Args:
        options: of the run.
        peers: to measure.
        page: that the figures are for.
        work: folder in which a long section keeps what it has so far.

    Raises:
        UsageError: a section wants faces that were not given.
        BadInputError: a data set, a picture or a peer cannot be used.
        WriteFailedError: the figures cannot be written.
    """
    run, figures = Run(options, peers, work), Figures(figures_path(page))
    sections: dict[str, tuple[str, Callable[[], Any]]] = {
        TIMES: (read_processor().kind, run.times),
        START: (read_processor().kind, run.start),
        ACCURACY: (ANY, run.accuracy),
        STEADINESS: (ANY, run.steadiness),
        ROBUSTNESS: (ANY, run.robustness),
    }
    for name in options.chosen:
        kind, measured = sections[name]
        figures.put(name, kind, run.about(name), measured())
        yield name

"""Recall, false alarms and speed of a finder, beside YuNet's on the same pictures."""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from device.checks.timing import in_turns
from device.contract.errors import MissingOutsideError
from device.contract.geometry import Box
from device.contract.letterbox import Letterbox
from device.finders.finder import Finder
from device.finders.open import YuNetFinder
from device.finders.trained import TrainedFinder, letterbox_image
from device.sources.demo_path import DemoPath
from device.sources.demo_photo import load_photo
from device.tracking.crop import crop_image
from training.data.pack import read_picture
from training.data.sets import Sample, read_data_folder
from training.finder.pictures import MIN_SCORE, boxes_to_avoid, cut_ground, draw_ground, group_pictures
from training.finder.textures import make_textures
from training.finder.yunet import YuNet

FOUND_IOU = 0.5
"""IoU with the labelled face from which it counts as found."""
WIDE = 0.15
"""Width of a face relative to the frame's, from which it must practically always be found."""
GROUND_TRIES = 6
"""Pieces of background that are tried to be cut from each held-out picture."""
GROUND_SIDE = 240
"""Side of a piece of background, pixels."""
DRAWN = 500
"""Number of drawn backgrounds with unseen seeds, and of textures."""
FIRST_UNSEEN = 100_000
"""Seed of the first drawn background here. No run draws as many, so none of these is trained on."""

MIN_WIDE_RECALL = 0.99
MAX_ALARMS = 0.01
MAX_FIND_MS = 1.4
MAX_TIME_RATIO = 0.5

PHOTOGRAPHS = (
    "brick.png", "cell.png", "chelsea.png", "clock_motion.png", "coffee.png", "grass.png", "gravel.png",
    "horse.png", "hubble_deep_field.jpg", "ihc.png", "logo.png", "microaneurysms.png", "moon.png",
    "motorcycle_left.png", "page.png", "phantom.png", "retina.jpg", "rocket.jpg", "text.png",
)  # fmt: skip
"""scikit-image's sample pictures without people. coins.png is left out because coins show heads."""
PARTS = (1, 2, 3)
"""A photograph is used whole, in quarters and in ninths."""


@dataclass(frozen=True)
class Recall:
    """Fractions of the labelled faces that are found."""

    faces: int
    ours: float
    yunet: float
    wide_faces: int
    """Faces wider than WIDE of the frame."""
    ours_wide: float
    yunet_wide: float


@dataclass(frozen=True)
class Alarms:
    """False alarms on pictures without a face."""

    pictures: int
    alarms: int

    @property
    def rate(self) -> float:
        """Fraction of the pictures."""
        return self.alarms / self.pictures if self.pictures else 0.0


@dataclass(frozen=True)
class FinderEvaluation:
    """Everything that is required of a finder, measured."""

    finder: str
    recall: dict[str, Recall]
    """By data set."""
    alarms: dict[str, Alarms]
    """By kind of picture."""
    times_ms: dict[str, float]
    """Medians on a 640x480 frame with one thread, by step."""

    @property
    def requirements(self) -> dict[str, bool]:
        """Each requirement, and whether it is met."""
        total, yunet = self.times_ms["ours"], self.times_ms["yunet"]
        return {
            "recall at least YuNet's": all(row.ours >= row.yunet for row in self.recall.values()),
            f"recall of wide faces {100 * MIN_WIDE_RECALL:g} %": all(
                row.ours_wide >= MIN_WIDE_RECALL for row in self.recall.values()
            ),
            f"false alarms under {100 * MAX_ALARMS:g} %": all(
                row.rate < MAX_ALARMS for row in self.alarms.values()
            ),
            f"at most {MAX_FIND_MS:g} ms": total <= MAX_FIND_MS,
            f"at most {MAX_TIME_RATIO:g} of YuNet's time": total <= MAX_TIME_RATIO * yunet,
        }


def is_found(finder: Finder, image: NDArray[np.uint8], box: Box) -> bool:
    """Whether one of the finder's faces overlaps the labelled box by `FOUND_IOU`."""
    return any(face.box.iou(box) >= FOUND_IOU for face in finder.find(image))


def measure_recall(samples: Sequence[Sample], ours: Finder, yunet: Finder) -> Recall:
    """Recall of both finders on the same pictures."""
    hits, wide = [], []
    for sample in tqdm(samples, desc="looking for faces", unit="face"):
        image = read_picture(sample.path)
        hits.append((is_found(ours, image, sample.box), is_found(yunet, image, sample.box)))
        wide.append(sample.box.width > WIDE * image.shape[1])
    found, is_wide = np.array(hits, float), np.array(wide)
    large = found[is_wide]
    all_ours, all_yunet = map(float, found.mean(0))
    wide_ours, wide_yunet = map(float, large.mean(0) if len(large) else np.ones(2))
    return Recall(len(found), all_ours, all_yunet, len(large), wide_ours, wide_yunet)


def held_out_grounds(samples: Sequence[Sample], teacher: YuNet) -> list[NDArray[np.uint8]]:
    """Pieces of held-out pictures without a labelled face and without one for YuNet at a low threshold."""
    grounds = []
    for number, picture in enumerate(tqdm(group_pictures(samples), desc="cutting grounds", unit="picture")):
        image = read_picture(picture.path)
        avoided = boxes_to_avoid(picture, teacher.detect(image))
        seeds = range(number * GROUND_TRIES, (number + 1) * GROUND_TRIES)
        cuts = (cut_ground(image, avoided, GROUND_SIDE, seed) for seed in seeds)
        # YuNet may find a face in the piece alone that it did not find in the whole picture.
        grounds += [cut for cut in cuts if cut is not None and not len(teacher.detect(cut).scores)]
    return grounds


def photographs_without_people() -> list[NDArray[np.uint8]]:
    """scikit-image's sample photographs, whole and in parts; the package is not imported.

    Raises:
        MissingOutsideError: scikit-image is not installed, or lacks one of them.
    """
    spec = importlib.util.find_spec("skimage")
    if spec is None or spec.origin is None:
        raise MissingOutsideError("no scikit-image, wanted for its photographs; pip install scikit-image")
    folder = Path(spec.origin).parent / "data"
    pictures = []
    for name in PHOTOGRAPHS:
        image = cv2.imread(str(folder / name), cv2.IMREAD_COLOR)
        if image is None:
            raise MissingOutsideError(f"no photograph {folder / name}; install another scikit-image")
        pictures += [part for count in PARTS for part in _in_parts(np.asarray(image, np.uint8), count)]
    return pictures


def _in_parts(image: NDArray[np.uint8], count: int) -> list[NDArray[np.uint8]]:
    """The count x count parts of a picture."""
    return [part for row in np.array_split(image, count) for part in np.array_split(row, count, axis=1)]


def drawn_grounds() -> list[NDArray[np.uint8]]:
    """Backgrounds as training draws them, with other seeds."""
    return [draw_ground(FIRST_UNSEEN + number, 256) for number in range(DRAWN)]


def measure_alarms(pictures: Sequence[NDArray[np.uint8]], finder: Finder) -> Alarms:
    """Number of pictures without a face in which the finder reports one."""
    return Alarms(len(pictures), sum(bool(finder.find(np.ascontiguousarray(image))) for image in pictures))


def measure_times(ours: TrainedFinder, yunet: Finder) -> dict[str, float]:
    """Median times of both finders and of the steps of ours, taken in turns on a 640x480 frame."""
    frame = crop_image(load_photo(), DemoPath().photo_to_frame(0))
    letterbox = Letterbox.fit((frame.shape[1], frame.shape[0]), ours.manifest.input_wh)
    width, height = ours.manifest.input_wh
    shown = np.empty((height, width, 3), np.uint8)
    letterbox_image(frame, letterbox, shown)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    spent = in_turns(
        {
            "ours": lambda: ours.find(frame),
            "yunet": lambda: yunet.find(frame),
            "resize": lambda: letterbox_image(frame, letterbox, shown),
            "network": lambda: ours.infer(shown),
            "decode": ours.decode,
        }
    )
    cv2.setNumThreads(threads)
    return {name: float(np.median(values)) for name, values in spent.items()}


def evaluate_finder(data: Path, yunet: Path, model: Path) -> FinderEvaluation:
    """Measure everything.

    Raises:
        BadInputError: data, YuNet or the finder is missing or damaged.
        MissingOutsideError: scikit-image's photographs are not there.
    """
    cv2.setNumThreads(1)
    ours, peer = TrainedFinder(model), YuNetFinder(yunet)
    times = measure_times(ours, peer)
    held_out = read_data_folder(data).validation
    sources = dict.fromkeys(sample.source for sample in held_out)
    recall = {
        source: measure_recall([face for face in held_out if face.source == source], ours, peer)
        for source in sources
    }
    faceless = {
        "held-out grounds": held_out_grounds(held_out, YuNet(yunet, MIN_SCORE)),
        "photographs": photographs_without_people(),
        "textures": make_textures(DRAWN),
        "drawn grounds": drawn_grounds(),
    }
    alarms = {name: measure_alarms(pictures, ours) for name, pictures in faceless.items()}
    return FinderEvaluation(ours.manifest.identity, recall, alarms, times)


def finder_table(figures: FinderEvaluation) -> str:
    """The figures as text."""
    rows = [f"{figures.finder}, IoU of at least {FOUND_IOU:g} with the labelled face; recall, %"]
    rows.append(f"{'set':16}{'faces':>8}{'ours':>9}{'YuNet':>9}{'wide':>8}{'ours':>9}{'YuNet':>9}")
    rows += [
        f"{name:16}{row.faces:8}{100 * row.ours:9.2f}{100 * row.yunet:9.2f}"
        f"{row.wide_faces:8}{100 * row.ours_wide:9.2f}{100 * row.yunet_wide:9.2f}"
        for name, row in figures.recall.items()
    ]
    rows.append(f"{'no face in':16}{'pictures':>9}{'alarms':>8}{'%':>8}")
    rows += [
        f"{name:16}{row.pictures:9}{row.alarms:8}{100 * row.rate:8.2f}"
        for name, row in figures.alarms.items()
    ]
    rows.append("medians, ms, one thread, 640x480, taken in turns")
    rows += [f"{name:16}{value:9.3f}" for name, value in figures.times_ms.items()]
    rows += [f"{'met' if held else 'NOT MET':7} {name}" for name, held in figures.requirements.items()]
    return "\n".join(rows)

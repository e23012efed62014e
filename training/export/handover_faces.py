"""The faces that a network is handed over with: for integer ranges, fits and comparison."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.contract.errors import BadInputError
from device.contract.provenance import Source, merged
from training.data.crops import CropSet, cut_crops
from training.data.pack import cut_background
from training.data.sets.origins import origins_of
from training.data.sets.sample import Sample
from training.engine.faces import read_run_data
from training.engine.settings import RunSettings

CALIBRATION_CROPS = 256
"""Faces that set the integer ranges ..."""
FACELESS_CROPS = 64
"""... and crops of the same pictures without one, for a network that has learnt to tell them: the range
of the presence logit must reach below zero."""


GROUND = "ground"
"""Source of a crop without a face."""


def thinned(samples: Sequence[Sample], count: int) -> list[Sample]:
    """`count` samples spread evenly over the list, so that every set is there."""
    chosen = np.linspace(0, len(samples) - 1, min(count, len(samples))).astype(int)
    return [samples[index] for index in chosen]


def ground_crops(samples: Sequence[Sample], side: int, count: int) -> list[NDArray[np.uint8]]:
    """Up to `count` pieces of the samples' pictures without a labelled face."""
    grounds = (cut_background(sample, [sample.box], side) for sample in samples)
    return list(islice((ground for ground in grounds if ground is not None), count))


def with_grounds(crops: CropSet, grounds: Sequence[NDArray[np.uint8]]) -> CropSet:
    """Crops of faces followed by faceless ones, whose landmarks are no numbers."""
    nowhere = np.full((len(grounds), *crops.landmarks_crop.shape[1:]), np.nan, np.float32)
    return CropSet(
        np.concatenate([crops.crops, *(ground[None] for ground in grounds)]),
        np.concatenate([crops.landmarks_crop, nowhere]),
        crops.names + [f"ground/{number}" for number in range(len(grounds))],
        crops.sources + [GROUND] * len(grounds),
    )


@dataclass(frozen=True, eq=False)
class HandoverFaces:
    """The faces that a handover is made with."""

    calibration: CropSet
    """Of training faces only."""
    validation: CropSet
    """Of the set that counts."""
    trusted: list[Sample]
    """Training faces of the set that counts, whose labels say what an error is; drawn ones have no set."""
    trained: int
    """Number of training faces."""

    def trusted_crops(self, margin: float, side: int) -> CropSet:
        """As many of the trusted faces as set integer ranges; drawn ones are taken from these.

        However few of a run's faces are of the set that counts, scores are fitted to enough of them.
        """
        if self.trusted:
            return cut_crops(thinned(self.trusted, CALIBRATION_CROPS), margin, side)
        crops, counts = self.calibration, self.validation.sources[0]
        chosen = [number for number, name in enumerate(crops.sources) if name == counts]
        return CropSet(crops.crops[chosen], crops.landmarks_crop[chosen], [], [])

    @property
    def sources(self) -> tuple[Source, ...]:
        """Of the faces that set integer ranges, and of those that a correction and scores are fitted to."""
        crops = self.calibration
        # Crops of bare ground are cut from the same pictures.
        faces = [number for number, kind in enumerate(crops.sources) if kind != GROUND]
        ranges = origins_of(
            [crops.names[number] for number in faces],
            [crops.landmarks_crop[number] for number in faces],
            [crops.sources[number] for number in faces],
            "integer ranges",
        )
        fitted = origins_of(
            [sample.name for sample in self.trusted],
            [sample.landmarks for sample in self.trusted],
            [sample.source for sample in self.trusted],
            "correction by shape",
        )
        return merged(ranges, fitted)


def handover_faces(settings: RunSettings, data: Path | None, cache: Path) -> HandoverFaces:
    """Cut them. Of several validation sets the first counts: 300-W's labels are made by hand.

    Raises:
        BadInputError: the data folder is missing or damaged.
    """
    side, margin = settings.model.input_side, settings.margin
    faceless = FACELESS_CROPS if settings.augment.faceless else 0
    if settings.data.kind == "synthetic":
        from training.data.synthetic_set import synthetic_crops, synthetic_grounds

        faces, unseen = synthetic_crops(settings.data, margin, side, cache, CALIBRATION_CROPS)
        grounds = synthetic_grounds(faceless, side, settings.data.seed)
        return HandoverFaces(with_grounds(faces, grounds), unseen, [], settings.data.faces)
    if data is None:
        raise BadInputError(f"run {settings.name} learnt from a data folder: give --data FOLDER")
    split = read_run_data(settings, data)
    first = split.validation[0].source
    held_out = [sample for sample in split.validation if sample.source == first]
    chosen = thinned(split.train, CALIBRATION_CROPS)
    calibration = with_grounds(cut_crops(chosen, margin, side), ground_crops(chosen, side, faceless))
    trusted = [sample for sample in split.train if sample.source == first]
    return HandoverFaces(calibration, cut_crops(held_out, margin, side), trusted, len(split.train))

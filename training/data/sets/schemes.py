"""From one landmark scheme to another, where a mapping is defined."""

import dataclasses
from collections.abc import Sequence

from device.contract.errors import BadInputError
from training.data.sets.sample import Faces, Sample, left_out_of

WFLW_TO_IBUG = (
    *range(0, 33, 2),  # every second point of the jaw
    *range(33, 38),  # the upper edge of the right brow
    *range(42, 47),  # and of the left
    *range(51, 60),
    60, 61, 63, 64, 65, 67,  # without the middle of each lid
    68, 69, 71, 72, 73, 75,
    *range(76, 96),
)  # fmt: skip
"""Indices into wflw_98 that make an ibug_68 face: the mapping the field uses across both sets."""

CONVERSIONS: dict[tuple[str, str], tuple[int, ...]] = {("wflw_98", "ibug_68"): WFLW_TO_IBUG}
"""Indices by (from, to)."""

SCHEME_OF_SET = {
    "300w": "ibug_68",
    "youtube_faces": "ibug_68",
    "aflw2000": "ibug_68",
    "rendered": "ibug_68",
    "fairface": "ibug_68",
    "drawn": "ibug_68",
    "wflw": "wflw_98",
    "cofw": "cofw_29",
}
"""What each set is labelled in."""


def converted(samples: Sequence[Sample], scheme: str) -> Faces:
    """The samples of one set in a scheme.

    Raises:
        BadInputError: no mapping is defined.
    """
    made = Faces(left_out=left_out_of(samples))
    for sample in samples:
        own = SCHEME_OF_SET[sample.source]
        if own == scheme:
            made.append(sample)
            continue
        indices = CONVERSIONS.get((own, scheme))
        if indices is None:
            known = ", ".join(f"{old} to {new}" for old, new in CONVERSIONS)
            raise BadInputError(
                f"{sample.source} is labelled in {own}, the model wants {scheme}; known: {known}"
            )
        made.append(dataclasses.replace(sample, landmarks=sample.landmarks[list(indices)]))
    return made

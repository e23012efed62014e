"""Every face crop at hand, whatever it is labelled in: what a network is pretrained on without its labels.

Of a labelled face the box is used, of FairFace's the box of another program's mesh. A face that is held out
for evaluation stays held out: pictures that figures are reported on are not learnt from, labels or not.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from device.contract.arrays import read_arrays
from device.contract.errors import BadInputError
from training.data.sets import SPLITS, Split
from training.data.sets.sample import Sample

FAIRFACE = "fairface"
MESH = "mediapipe478.npz"
BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
"""Of MediaPipe's 478 points: the brows' upper edges. Above is forehead, on which the 68 points have none."""


def boxed(sample: Sample) -> Sample:
    """The sample with two corners of its box for landmarks, so that faces of every scheme are alike."""
    box = sample.box
    corners = np.array([[box.x_min, box.y_min], [box.x_max, box.y_max]], np.float32)
    return replace(sample, landmarks=corners, visible=None)


def read_fairface(folder: Path) -> list[Sample]:
    """Faces of FairFace that MediaPipe's mesh was laid over, with the mesh below the brows for landmarks.

    Args:
        folder: pictures, and `mediapipe478.npz` with `names` and `landmarks` (N, 478, 2), pixels.

    Raises:
        BadInputError: the mesh is missing or damaged.
    """
    names, meshes = read_arrays(folder / MESH, "names", "landmarks", remedy="fetch it again")
    samples = []
    for name, mesh in zip(names, meshes.astype(np.float32), strict=True):
        below = mesh[mesh[:, 1] >= mesh[list(BROWS), 1].min()]
        path = folder / str(name)
        samples.append(Sample(f"{FAIRFACE}/{path.stem}", path, below, FAIRFACE))
    return samples


def read_unlabelled(data: Path, *, strict_counts: bool = False) -> Split:
    """Every set in a data folder, as boxes; held out by each set's own lists, of FairFace nothing.

    Raises:
        BadInputError: none there, or a damaged one.
    """
    # Of FairFace as it is published no label is needed: its pictures and the mesh are enough.
    meshed = (data / FAIRFACE / MESH).is_file()
    named = [name for name in SPLITS if (data / name).is_dir() and not (meshed and name == FAIRFACE)]
    splits = [SPLITS[name](data / name, strict=strict_counts) for name in named]
    if meshed:
        splits.append(Split(read_fairface(data / FAIRFACE), []))
    if not any(split.train for split in splits):
        raise BadInputError(
            f"no pictures of faces in {data}: wanted a folder of one of {', '.join(SPLITS)}; "
            "see training/README.md"
        )
    return Split(
        [boxed(face) for split in splits for face in split.train],
        [boxed(face) for split in splits for face in split.validation],
        [note for split in splits for note in split.notes],
    )

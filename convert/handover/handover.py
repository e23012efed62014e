"""Station 1: what training hands over, read and checked before any work is done on it.

The folder holds network.pt2, calibration.npz, validation.npz and handover.json. Letters: N crops,
H, W pixels of a crop, K landmarks.
"""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convert.handover.finder import FINDER_TASK, FinderHandover, finder_of_values
from convert.handover.network import fake_quantisers, read_network
from convert.job import Job
from device.contract.codec import CODECS, COORDINATES
from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes
from device.contract.landmarks import SCHEMES, LandmarkScheme
from device.contract.manifest import CodecRule, CropRule
from device.contract.metrics import interocular_distance
from device.contract.shape import correction_of

if TYPE_CHECKING:
    from torch.export import ExportedProgram

HANDOVER_SCHEMA = 1

MINIMUM_CROPS = 8
"""Calibration crops with any picture in them; fewer cannot say what ranges faces give."""

REMEDY = "`make convert` writes the handover again"


LANDMARK_OUTPUTS = ("heatmap", "presence")
"""Of a landmark network, in order."""


@dataclass(frozen=True)
class Handover:
    """What handover.json says of the landmark network beside it."""

    name: str
    scheme: str
    crop: CropRule
    codec: CodecRule
    provenance: dict[str, Any]
    any_operator: bool = False
    """A published network: what it is built of is measured, not judged; see convert/stations/check.py."""
    presence_learnt: bool = True
    """Whether it has met crops without a face. If not, what it makes of them is chance: they neither set
    an integer range nor are compared."""

    @property
    def landmark_scheme(self) -> LandmarkScheme:
        """The scheme the points follow."""
        return SCHEMES[self.scheme]

    @property
    def grid_wh(self) -> tuple[int, int]:
        """Cells of the heatmap."""
        width, height = self.crop.size_wh
        return int(width // self.codec.stride), int(height // self.codec.stride)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(1, H, W, 3)."""
        width, height = self.crop.size_wh
        return 1, height, width, 3

    @property
    def heatmap_shape(self) -> tuple[int, ...]:
        """(1, H / stride, W / stride, K), or (1, 2 K) for coordinates."""
        if self.codec.name == COORDINATES:
            return 1, 2 * self.landmark_scheme.count
        width, height = self.grid_wh
        return 1, height, width, self.landmark_scheme.count

    @property
    def network_shape(self) -> tuple[int, ...]:
        """`heatmap_shape` as the network gives it, channels first."""
        if self.codec.name == COORDINATES:
            return self.heatmap_shape
        batch, high, wide, count = self.heatmap_shape
        return batch, count, high, wide

    @property
    def output_names(self) -> tuple[str, ...]:
        """In the network's order."""
        return LANDMARK_OUTPUTS

    @property
    def heatmap_kind(self) -> str:
        """What the first output is, for an error's sentence."""
        return "coordinates" if self.codec.name == COORDINATES else "a heatmap"

    @property
    def wanted_outputs(self) -> str:
        """For an error's sentence."""
        return f"{self.heatmap_kind} {self.network_shape} and one presence logit"

    def fits(self, outputs: Sequence[tuple[int, ...]]) -> bool:
        """Whether these NCHW shapes are the network's outputs."""
        return len(outputs) == 2 and outputs[0] == self.network_shape and int(np.prod(outputs[1])) == 1


AnyHandover = Handover | FinderHandover


@dataclass(frozen=True, eq=False)
class PictureSet:
    """Letterboxed pictures, each with the box of its labelled face or none."""

    crops: NDArray[np.uint8]
    """(N, H, W, 3) BGR."""
    boxes: NDArray[np.float32]
    """(N, 4) x_min, y_min, x_max, y_max, pixels of the crop; no numbers where there is no face."""


@dataclass(frozen=True, eq=False)
class ValidationSet:
    """Crops with their true landmarks."""

    crops: NDArray[np.uint8]
    """(N, H, W, 3) BGR."""
    landmarks_crop: NDArray[np.float32]
    """(N, K, 2) pixels of the crop."""


def check_folder(handover: Path) -> None:
    """Say at once which file is missing.

    Raises:
        BadInputError: no such folder, or a file of it is not there.
    """
    if not handover.is_dir():
        raise BadInputError(f"no handover folder at {handover}: give the one that training wrote")
    names = ("handover.json", "network.pt2", "calibration.npz", "validation.npz")
    missing = [name for name in names if not (handover / name).is_file()]
    if missing:
        raise BadInputError(f"handover {handover} lacks {', '.join(missing)}; {REMEDY}")


def read_handover(path: Path) -> AnyHandover:
    """Read handover.json, a landmark network's or a finder's.

    Raises:
        BadInputError: not JSON, another schema, a missing or unknown field, an unknown scheme or
            codec, channels other than bgr, or a stride that does not divide the crop.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInputError(f"{path} is not readable JSON ({error}); {REMEDY}") from error
    if not isinstance(values, dict) or values.get("schema") != HANDOVER_SCHEMA:
        got = values.get("schema") if isinstance(values, dict) else type(values).__name__
        raise BadInputError(f"{path} has schema {got}, wanted {HANDOVER_SCHEMA}; {REMEDY}")
    try:
        if values.get("task") == FINDER_TASK:
            return finder_of_values(values)
        handover = Handover(
            name=str(values["name"]),
            scheme=values["scheme"],
            crop=CropRule(**values["crop"]),
            codec=CodecRule(**values["codec"]),
            provenance=dict(values.get("provenance", {})),
            any_operator=bool(values.get("any_operator", False)),
            presence_learnt=bool(values.get("presence_learnt", True)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(f"{path} lacks or misnames a field ({error}); {REMEDY}") from error
    _check_rules(handover, path)
    return handover


def _check_rules(handover: Handover, path: Path) -> None:
    if handover.scheme not in SCHEMES:
        raise BadInputError(
            f"{path} names landmark scheme {handover.scheme!r}, known: {', '.join(SCHEMES)}; {REMEDY}"
        )
    if handover.codec.name not in CODECS or handover.crop.channels != "bgr":
        raise BadInputError(
            f"{path} names codec {handover.codec.name!r} and channels {handover.crop.channels!r}, "
            f"known: {', '.join(CODECS)} and bgr; {REMEDY}"
        )
    try:
        correction_of(handover.codec.shape, handover.landmark_scheme.count)
    except ValueError as error:
        raise BadInputError(f"{path} has {error}; {REMEDY}") from error
    size_wh, stride = handover.crop.size_wh, handover.codec.stride
    numbers = len(size_wh) == 2 and all(isinstance(value, int | float) for value in (*size_wh, stride))
    if not numbers or stride <= 0 or any(side < stride or side % stride for side in size_wh):
        raise BadInputError(
            f"{path} has a crop of {size_wh} and a stride of {stride!r}, wanted a stride that divides the "
            f"crop's width and height; {REMEDY}"
        )


def _load_array(path: Path, key: str) -> NDArray[Any]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return np.asarray(arrays[key])
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise BadInputError(f"{path} has no readable array {key!r} ({error}); {REMEDY}") from error


def load_crops(path: Path, handover: AnyHandover) -> NDArray[np.uint8]:
    """(N, H, W, 3) uint8 BGR crops of an .npz file.

    Raises:
        BadInputError: no such array, no crop in it, or another shape or type.
    """
    crops = _load_array(path, "crops")
    wanted = handover.input_shape[1:]
    if crops.dtype != np.uint8 or crops.shape[1:] != wanted or len(crops) == 0:
        raise BadInputError(
            f"{path} has crops {crops.dtype} {crops.shape}, wanted uint8 (N, "
            f"{', '.join(map(str, wanted))}) with N of at least 1; {REMEDY}"
        )
    return crops


def load_calibration(path: Path, handover: AnyHandover) -> NDArray[np.uint8]:
    """(N, H, W, 3) uint8 crops, only those with any picture in them.

    Raises:
        BadInputError: as `load_crops`, or fewer than MINIMUM_CROPS hold more than one value.
    """
    crops = load_crops(path, handover)
    flat = crops.reshape(len(crops), -1)
    varied: NDArray[np.uint8] = crops[flat.min(axis=1) < flat.max(axis=1)]
    if len(varied) < MINIMUM_CROPS:
        raise BadInputError(
            f"{path} has {len(varied)} crops that are not of one constant value, wanted at least "
            f"{MINIMUM_CROPS}: ranges need pictures; {REMEDY}"
        )
    return varied


def load_validation(path: Path, handover: Handover) -> ValidationSet:
    """Crops and true landmarks.

    Raises:
        BadInputError: as `load_crops`; landmarks of another shape, not finite, or eye corners that
            fall together.
    """
    crops = load_crops(path, handover)
    landmarks_crop = _load_array(path, "landmarks_crop").astype(np.float32)
    wanted = (len(crops), handover.landmark_scheme.count, 2)
    if landmarks_crop.shape != wanted or not np.isfinite(landmarks_crop).all():
        raise BadInputError(
            f"{path} has landmarks_crop {landmarks_crop.shape}, wanted finite {wanted}; {REMEDY}"
        )
    distances = [interocular_distance(points, handover.landmark_scheme) for points in landmarks_crop]
    if min(distances) <= 0:
        raise BadInputError(
            f"{path} has a face ({int(np.argmin(distances))}) whose outer eye corners fall together; {REMEDY}"
        )
    return ValidationSet(crops, landmarks_crop)


def load_pictures(path: Path, handover: FinderHandover) -> PictureSet:
    """A finder's validation pictures.

    Raises:
        BadInputError: as `load_crops`; boxes of another shape, or not one face among them.
    """
    crops = load_crops(path, handover)
    boxes = _load_array(path, "boxes").astype(np.float32)
    if boxes.shape != (len(crops), 4) or not np.isfinite(boxes).all(axis=1).any():
        raise BadInputError(
            f"{path} has boxes {boxes.shape}, wanted {(len(crops), 4)} and at least one face; {REMEDY}"
        )
    return PictureSet(crops, boxes)


def check_apart(calibration: Path, validation: Path, handover: AnyHandover) -> None:
    """No calibration crop is one of the validation crops: ranges set on them would flatter int8.

    Raises:
        BadInputError: a crop is in both files, by the hash of its pixels.
    """
    both = [
        {hashlib.sha256(crop.tobytes()).hexdigest() for crop in load_crops(path, handover)}
        for path in (calibration, validation)
    ]
    shared = both[0] & both[1]
    if shared:
        raise BadInputError(
            f"{calibration} shares {len(shared)} crops with {validation} (sha256 {min(shared)[:8]}...), "
            f"wanted training faces only; {REMEDY}"
        )


def _shapes(program: "ExportedProgram", names: tuple[str, ...], path: Path) -> list[tuple[int, ...]]:
    """Static shapes of the program's values.

    Raises:
        BadInputError: a size is left to run time.
    """
    values = {node.name: node.meta.get("val") for node in program.graph.nodes}
    shapes = [tuple(values[name].shape) for name in names]
    moving = [shape for shape in shapes if not all(type(size) is int for size in shape)]
    if moving:
        raise BadInputError(
            f"{path} has a dynamic shape {tuple(map(str, moving[0]))}, wanted fixed sizes with batch 1: "
            f"export it without dynamic_shapes; {REMEDY}"
        )
    return shapes


def check_network(program: "ExportedProgram", handover: AnyHandover, path: Path) -> dict[str, Any]:
    """Check inputs, outputs and weights; return what the report says of the network.

    Raises:
        BadInputError: shapes other than handover.json implies, or a weight that is not finite.
    """
    signature = program.graph_signature
    inputs = _shapes(program, tuple(str(name) for name in signature.user_inputs), path)
    outputs = _shapes(program, tuple(str(name) for name in signature.user_outputs), path)
    batch, height, width, channels = handover.input_shape
    wanted = [(batch, channels, height, width)]
    if inputs != wanted or not handover.fits(outputs):
        raise BadInputError(
            f"{path} maps {inputs} to {outputs}, wanted {wanted} to {handover.wanted_outputs}; {REMEDY}"
        )
    weights = {**program.state_dict, **program.constants}
    broken = [name for name, weight in weights.items() if not bool(weight.isfinite().all())]
    if broken:
        raise BadInputError(
            f"{path} has weights that are not finite ({broken[0]} and {len(broken) - 1} more): "
            f"the training diverged; hand over an earlier checkpoint"
        )
    return {
        "parameters": sum(value.numel() for value in program.parameters()),
        "fake_quantisers": len(fake_quantisers(program)),
        "input_shape": list(inputs[0]),
        "output_shapes": [list(shape) for shape in outputs],
    }


def run(job: Job) -> str:
    """Read everything once and keep the network's facts."""
    handover = read_handover(job.description)
    calibration = load_calibration(job.calibration, handover)
    check_apart(job.calibration, job.validation, handover)
    if isinstance(handover, FinderHandover):
        count = len(load_pictures(job.validation, handover).crops)
    else:
        count = len(load_validation(job.validation, handover).crops)
    facts = check_network(read_network(job.network), handover, job.network)
    facts |= {"calibration_crops": len(calibration), "validation_crops": count}
    write_whole_bytes(job.network_facts, (json.dumps(facts, indent=1) + "\n").encode())
    return (
        f"{handover.name}: {facts['parameters']:,} parameters, {facts['fake_quantisers']} fake quantisers, "
        f"{len(calibration)} calibration crops, {count} validation crops"
    )

"""A handover for anybody's landmark network: its ONNX file, a folder of pictures and a few words about it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from convert.handover.network import inputs_of
from convert.intake.faces import (
    FaceCrops,
    cut,
    found_faces,
    labelled_faces,
    labelled_pictures,
    picture_files,
)
from convert.intake.graph import (
    IMAGE,
    PRESENCE,
    Normalisation,
    OutputRule,
    fold_normalisation,
    infer_shapes,
    pick_outputs,
    read_model,
    shape_of,
    shape_outputs,
)
from convert.intake.presence import fit_presence
from convert.intake.source import Source
from convert.stations.calibration import no_face_crops
from convert.tflite.runners import real_nchw
from device.contract.arrays import write_arrays
from device.contract.codec import COORDINATES, RELU_EXPECTATION
from device.contract.decoding import landmark_decoder
from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes
from device.contract.landmarks import LandmarkScheme
from device.contract.manifest import CodecRule, CropRule

if TYPE_CHECKING:
    import onnx

MAX_PICTURES = 400
"""Pictures of a folder that are used, evenly through their order: ranges and means settle long before."""
HALF_SCORE_CELLS = 1.5
"""Spread of a map at which a landmark's score is one half, in cells."""


@dataclass(frozen=True)
class OwnNetwork:
    """What a user says of a network."""

    source: Source
    name: str
    scheme: LandmarkScheme
    calibration: Path
    labels: Path | None
    """Folder of pictures with .pts files; None without labels."""
    outputs: OutputRule
    pixels: Normalisation = field(default_factory=Normalisation)
    margin: float = 1.3
    size_wh: tuple[int, int] | None = None
    """Only for a file that leaves the picture's size open."""
    maps_codec: str = RELU_EXPECTATION
    target: str = "cpu"

    @property
    def file(self) -> Path:
        """The network in ONNX."""
        return self.source.onnx


def _thinned(paths: list[Any]) -> list[Any]:
    places = np.linspace(0, len(paths) - 1, min(len(paths), MAX_PICTURES)).round().astype(int)
    return [paths[place] for place in places]


def gather_faces(network: OwnNetwork, rule: CropRule) -> tuple[FaceCrops, FaceCrops]:
    """Faces for calibration and for validation, of different pictures.

    Raises:
        BadInputError: no picture, no label, or no face in them.
    """
    pictures = picture_files(network.calibration)
    if network.labels is None:
        pictures = _thinned(pictures)
        calibration, validation = found_faces(pictures[::2]), found_faces(pictures[1::2])
    else:
        pairs = _thinned(labelled_pictures(network.labels))
        taken = {picture.resolve() for picture, _ in pairs}
        rest = _thinned([path for path in pictures if path.resolve() not in taken])
        calibration, validation = found_faces(rest), labelled_faces(pairs, network.scheme.count)
    return (
        cut(calibration, rule, f"{network.calibration} (calibration)"),
        cut(validation, rule, f"{network.labels or network.calibration} (validation)"),
    )


def original_outputs(
    network: OwnNetwork, model: "onnx.ModelProto", crops: NDArray[np.uint8]
) -> list[list[NDArray[np.float32]]]:
    """The outputs that hold the landmarks, from the file as it came, its input made as its makers do."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in pick_outputs(model, network.outputs, network.file)]
    rule, picture = network.pixels, inputs_of(model)[0]
    last = shape_of(picture)[1] != 3
    read = []
    for crop in crops:
        pixels = crop[..., ::-1] if rule.rgb else crop
        image = ((pixels.astype(np.float32) * rule.scale - np.array(rule.mean)) / np.array(rule.std))[None]
        image = image if last else image.transpose(0, 3, 1, 2)
        read.append(session.run(names, {picture.name: np.ascontiguousarray(image, np.float32)}))
    return read


def original_landmarks(
    network: OwnNetwork, codec: CodecRule, size_wh: tuple[int, int], outputs: list[NDArray[np.float32]]
) -> NDArray[np.float32]:
    """(K, 2) pixels of the crop, read off the network's own outputs."""
    rule, size = network.outputs, np.array(size_wh, np.float32)
    if rule.layout == "heatmap":
        maps = outputs[0][0]
        maps = maps.transpose(1, 2, 0) if maps.shape[0] == rule.points else maps
        return landmark_decoder(codec, size_wh, rule.points)(np.ascontiguousarray(maps))
    if rule.layout == "simcc":
        axes = []
        for values, side in zip(outputs, size_wh, strict=True):
            mass = np.exp(values[0] - values[0].max(axis=1, keepdims=True))
            places = np.arange(mass.shape[1]) * side / mass.shape[1]
            axes.append((mass * places).sum(axis=1) / mass.sum(axis=1))
        return np.stack(axes, axis=1).astype(np.float32)
    points = outputs[0].reshape(-1, 2)
    scaled = {"unit": points * size, "signed": (points + 1) / 2 * size, "pixels": points}
    return np.asarray(scaled[rule.units], np.float32)


def codec_of(network: OwnNetwork, model: "onnx.ModelProto", size_wh: tuple[int, int]) -> CodecRule:
    """How the rewritten network's output is read.

    Raises:
        BadInputError: maps that do not divide the crop.
    """
    if network.outputs.layout != "heatmap":
        return CodecRule(COORDINATES, float(size_wh[0]), HALF_SCORE_CELLS)
    shape = shape_of(pick_outputs(model, network.outputs, network.file)[0])
    high, wide = shape[2:] if shape[1] == network.outputs.points else shape[1:3]
    stride = size_wh[0] / wide
    if (wide * stride, high * stride) != size_wh or size_wh[0] % wide:
        raise BadInputError(
            f"{network.file} has maps of {wide}x{high} for {size_wh}, wanted one whole stride"
        )
    return CodecRule(network.maps_codec, stride, HALF_SCORE_CELLS * stride)


def _rewritten(network: OwnNetwork, model: "onnx.ModelProto", calibration: FaceCrops) -> "onnx.ModelProto":
    """The network in the form of a handover, with a presence output."""
    from convert.intake.rewrite import rewrite

    landmarks = pick_outputs(model, network.outputs, network.file)[0].name
    fold_normalisation(model, network.pixels)
    model = infer_shapes(rewrite(infer_shapes(model, network.file)), network.file)
    fitted = not network.outputs.presence
    if fitted:
        others = np.concatenate([calibration.beside, no_face_crops(calibration.crops)])
        faces, none = (
            np.concatenate([real_nchw(crop) for crop in crops]) for crops in (calibration.crops, others)
        )
        fit_presence(model, landmarks, faces, none)
        model = infer_shapes(model, network.file)
    shape_outputs(model, network.outputs, network.file, fitted_presence=fitted)
    return infer_shapes(model, network.file)


def _presence_logits(model: "onnx.ModelProto", crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    logits = [session.run([PRESENCE], {IMAGE: real_nchw(crop)})[0].item() for crop in crops]
    return np.array(logits, np.float32)


def write_own_handover(network: OwnNetwork, folder: Path) -> None:
    """Write the handover of a user's network.

    Raises:
        BadInputError: the file, the pictures or the words about it do not fit together.
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    model = read_model(network.file, network.size_wh)
    shape = shape_of(inputs_of(model)[0])
    size_wh = (shape[3], shape[2]) if shape[1] == 3 else (shape[2], shape[1])
    rule, codec = CropRule(network.margin, size_wh), codec_of(network, model, size_wh)
    calibration, validation = gather_faces(network, rule)
    outputs = original_outputs(network, model, validation.crops)
    landmarks = np.stack([original_landmarks(network, codec, size_wh, each) for each in outputs])
    rewritten = _rewritten(network, model, calibration)
    logits = _presence_logits(rewritten, validation.crops)
    write_whole_bytes(folder / "network.onnx", rewritten.SerializeToString(deterministic=True))
    write_arrays(folder / "calibration.npz", crops=calibration.crops)
    labels = {} if validation.landmarks_crop is None else {"landmarks_crop": validation.landmarks_crop}
    write_arrays(folder / "validation.npz", crops=validation.crops, **labels)
    write_arrays(folder / "reference.npz", landmarks_crop=landmarks, presence=logits)
    _describe(network, rule, codec, (calibration, validation), folder / "handover.json")


def _describe(
    network: OwnNetwork, rule: CropRule, codec: CodecRule, faces: tuple[FaceCrops, FaceCrops], path: Path
) -> None:
    fitted = not network.outputs.presence
    values = {
        "schema": 1,
        "name": network.name,
        "scheme": network.scheme.name,
        "crop": msgspec.to_builtins(rule),
        "codec": msgspec.to_builtins(codec),
        "target": network.target,
        "labelled": network.labels is not None,
        "original": "original",
        "provenance": {
            **network.source.provenance,
            "presence": "fitted on the calibration pictures" if fitted else network.outputs.presence,
            "calibration_crops": len(faces[0].crops),
            "validation_crops": len(faces[1].crops),
        },
    }
    write_whole_bytes(path, (json.dumps(values, indent=1) + "\n").encode())

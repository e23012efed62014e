"""Station 4: the manifest beside each file, its tensors as the file itself names them."""

from pathlib import Path
from typing import Any

from convert.handover.description import AnyHandover, Handover, read_handover
from convert.handover.finder import FinderHandover
from convert.job import Job
from convert.stations.onnx2tf import converter_tools
from convert.tflite.file import Graph, Tensor, read_graph
from device.contract.errors import GateError
from device.contract.files import sha256_of, write_whole_bytes
from device.contract.finder_manifest import FinderManifest
from device.contract.manifest import ModelManifest, manifest_path_of, write_manifest

PIXEL_OFFSET = 128
"""real = (pixel - 128) / 128: the int8 input is pixel - 128, a float input the same over 128."""


def find_outputs(graph: Graph, handover: Handover, path: Path) -> tuple[Tensor, Tensor]:
    """The heatmap and the presence tensor, told apart by shape: TFLite keeps no roles.

    Raises:
        GateError: the file's outputs are not one heatmap and one single number.
    """
    shapes = [tensor.shape for tensor in graph.outputs]
    heatmaps = [tensor for tensor in graph.outputs if tensor.shape == handover.heatmap_shape]
    singles = [tensor for tensor in graph.outputs if set(tensor.shape) == {1}]
    if len(shapes) != 2 or len(heatmaps) != 1 or len(singles) != 1:
        raise GateError(
            f"{path} has outputs {shapes}, wanted {handover.heatmap_kind} {handover.heatmap_shape} and one "
            f"presence logit: the network's last layers do not survive onnx2tf in NHWC; see convert/README.md"
        )
    return heatmaps[0], singles[0]


def find_input(graph: Graph, handover: AnyHandover, path: Path) -> Tensor:
    """The one input.

    Raises:
        GateError: the file has more than one, or one that is not NHWC.
    """
    shapes = [tensor.shape for tensor in graph.inputs]
    if shapes != [handover.input_shape]:
        raise GateError(f"{path} has inputs {shapes}, wanted one of {handover.input_shape}")
    return graph.inputs[0]


def make_manifest(
    model: Path, handover: AnyHandover, name: str, conversion: dict[str, Any]
) -> ModelManifest | FinderManifest:
    """The manifest of a TFLite file, without metrics.

    Raises:
        GateError: the file's inputs or outputs are not those of the handover.
    """
    graph = read_graph(model)
    if isinstance(handover, FinderHandover):
        return _finder_manifest(graph, model, handover, name, conversion)
    heatmap, presence = find_outputs(graph, handover, model)
    return ModelManifest(
        name=name,
        file=model.name,
        sha256=sha256_of(model),
        scheme=handover.scheme,
        crop=handover.crop,
        input=find_input(graph, handover, model).spec,
        pixel_offset=PIXEL_OFFSET,
        landmarks_output=heatmap.spec,
        presence=presence.spec,
        codec=handover.codec,
        provenance={**handover.provenance, "conversion": conversion},
    )


def find_maps(graph: Graph, handover: FinderHandover, path: Path) -> tuple[Tensor, Tensor, Tensor]:
    """Score, box and points, told apart by their channels.

    Raises:
        GateError: the file's outputs are not these three.
    """
    by_shape = {tensor.shape: tensor for tensor in graph.outputs}
    if len(graph.outputs) != 3 or set(by_shape) != set(handover.map_shapes):
        raise GateError(
            f"{path} has outputs {[tensor.shape for tensor in graph.outputs]}, wanted "
            f"{list(handover.map_shapes)}: the network's last layers do not survive onnx2tf in NHWC; "
            f"see convert/README.md"
        )
    score, box, points = (by_shape[shape] for shape in handover.map_shapes)
    return score, box, points


def _finder_manifest(
    graph: Graph, model: Path, handover: FinderHandover, name: str, conversion: dict[str, Any]
) -> FinderManifest:
    score, box, points = find_maps(graph, handover, model)
    return FinderManifest(
        name=name,
        file=model.name,
        sha256=sha256_of(model),
        input=find_input(graph, handover, model).spec,
        pixel_offset=PIXEL_OFFSET,
        score=score.spec,
        box=box.spec,
        points=points.spec,
        codec=handover.codec,
        provenance={**handover.provenance, "conversion": conversion},
    )


def copy_scheme(handover: AnyHandover, source: Path, folder: Path) -> None:
    """Copy a user's own landmark scheme, which travels beside the model."""
    if isinstance(handover, Handover) and (source / f"{handover.scheme}.toml").is_file():
        content = (source / f"{handover.scheme}.toml").read_bytes()
        write_whole_bytes(folder / f"{handover.scheme}.toml", content)


def run(job: Job) -> str:
    """Write the manifest of each file beside it, in the work folder."""
    handover = read_handover(job.description)
    conversion = {
        "network_sha256": sha256_of(job.network),
        "calibration_sha256": sha256_of(job.calibration),
        "calibration_crops_at_most": job.settings.calibration_crops,
        "tools": converter_tools(job.converter),
    }
    copy_scheme(handover, job.handover, job.work)
    names = (handover.name, f"{handover.name}-float32")
    for model, name in zip(job.models, names, strict=True):
        write_manifest(make_manifest(model, handover, name, conversion), manifest_path_of(model))
    return f"{names[0]} and {names[1]}"

"""The page beside a shipped model: what it is, what it learnt from, how good and how fast it is.

Every figure is measured when the card is written; none is typed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.checks.bench.stages import measure_stages
from device.contract.codec import HALF_SCORE_ERROR
from device.contract.errors import BadInputError
from device.contract.files import write_whole_bytes
from device.contract.landmarks import LandmarkScheme
from device.contract.manifest import ModelManifest, read_model_manifest
from device.contract.provenance import all_free
from training.data.sets import read_validation
from training.engine.checkpoint import load_network
from training.measure.evaluate import Evaluation, Predictor, evaluate, load_predictor, predict_boxes
from training.measure.robustness import measure_robustness
from training.report.card_licence import checked_on, data_and_licence
from training.report.card_sections import beside_mesh, groups, limits, turned_heads
from training.report.lineage import commands_again, from_nothing, images_seen, lineage

TEMPLATE = Path(__file__).with_name("model_card.template.md")
"""The page, with a placeholder for every figure."""


def _accuracy_row(boxes: str, figures: Evaluation) -> str:
    cells = (
        figures.nme_interocular,
        figures.nme_interpupil,
        figures.nme_box,
        figures.failure_rate_at_8,
        figures.failure_rate_at_10,
        figures.auc_at_8,
    )
    return f"| {boxes} | " + " | ".join(f"{100 * cell:.2f}" for cell in cells) + " |"


def _measure(model: Path, data: Path) -> dict[str, Evaluation]:
    """Figures on the validation list, by kind of box."""
    samples = read_validation(data)
    predict, scheme = load_predictor(model)
    return {
        boxes: evaluate(predict_boxes(predict, samples, boxes), samples, scheme)
        for boxes in ("truth", "shaken")
    }


def _speed(model: Path) -> tuple[str, str]:
    """Table rows of the stages, and a sentence of ratios to MediaPipe where it is at hand."""
    figures = measure_stages(str(model), threads=1, peer_file=None)
    rows = [
        f"| {name} | {stage['p50']:.2f} | {stage['p95']:.2f} |"
        for name, stage in figures["stages_ms"].items()
    ]
    ratios = [
        f"{name}: {ratio:.2f} times MediaPipe's."
        for name, ratio in figures.get("ratio_to_mediapipe", {}).items()
    ]
    return "\n".join(rows), " ".join(ratios)


def _robustness(model: Path, data: Path) -> dict[str, Any]:
    """What the page says of turned heads, a cheap camera and the scores."""
    figures = measure_robustness(model, data)
    rows = [
        f"| all | {100 * figures.nme:.2f} | |",
        f"| turned least, a quarter | {100 * figures.nme_frontal:.2f} | |",
        f"| turned most, a quarter | {100 * figures.nme_turned:.2f} | {figures.turned_ratio:.2f} |",
        f"| all, by a cheap camera | {100 * figures.nme_cheap:.2f} | {figures.cheap_ratio:.2f} |",
    ]
    reliability = [
        f"| {row.score:.2f} | {100 * row.expected:.1f} | {100 * row.got:.1f} |" for row in figures.reliability
    ]
    return {
        "robustness": "\n".join(rows),
        "reliability": "\n".join(reliability),
        "half_score": 100 * HALF_SCORE_ERROR,
        "covered_score": figures.covered_score,
        "clear_score": figures.clear_score,
    }


def _figures(manifest: ModelManifest) -> dict[str, float]:
    try:
        int8 = manifest.metrics["validation_nme_interocular"]
        float_nme = manifest.metrics["validation_nme_interocular_pytorch"]
        without, fitted = (manifest.provenance[f"nme_{name}_shape"] for name in ("without", "with"))
    except KeyError as error:
        raise BadInputError(f"manifest lacks {error}; write it again with `make convert`") from error
    return {
        "int8_nme": 100 * int8,
        "float_nme": 100 * float_nme,
        "gap": 100 * (int8 - float_nme),
        "without_shape": 100 * without,
        "with_shape": 100 * fitted,
    }


@dataclass(frozen=True)
class CardFaces:
    """Faces beyond 300-W's that a card may report on; a section is left out where they are not given."""

    rendered: Path | None = None
    """Folder of rendered heads with people held out."""
    photographs: Path | None = None
    """FairFace's pictures beside list.csv."""
    finder: str = "trained:"
    """Finds both."""
    mesh: Callable[[], tuple[Predictor, LandmarkScheme]] | None = None
    """Opens MediaPipe's mesh, beside which an open model stands."""


def _sections(model: Path, manifest: ModelManifest, data: Path, faces: CardFaces) -> str:
    parts = []
    if faces.rendered is not None:
        parts.append(turned_heads(model, faces.finder, faces.rendered))
    if faces.photographs is not None:
        parts.append(groups(model, faces.finder, faces.photographs))
    if faces.mesh is not None and all_free(manifest.provenance):
        parts.append(beside_mesh(model, manifest.name, data, faces.mesh()))
    return "".join(parts)


def write_card(folder: Path, run: Path, data: Path, faces: CardFaces | None = None) -> Path:
    """Measure the model of a folder and write MODEL_CARD.md beside it.

    Args:
        folder: with student.tflite and student.json.
        run: folder of the training run it was made from.
        data: folder with the data sets.
        faces: further ones to report on.

    Raises:
        BadInputError: model, run or data missing or damaged.
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    model = folder / "student.tflite"
    manifest = read_model_manifest(model)
    network, settings = load_network(run / "network.pt")
    runs = lineage(run)
    measured = _measure(model, data)
    further = faces or CardFaces()
    speed, ratios = _speed(model)
    regions = measured["shaken"].groups.items()
    text = TEMPLATE.read_text(encoding="utf-8").format(
        name=manifest.name,
        side=manifest.crop.size_wh[0],
        cells=round(manifest.crop.size_wh[0] / manifest.codec.stride),
        parameters=sum(weight.numel() for weight in network.parameters()),
        bytes=model.stat().st_size,
        data=data_and_licence(manifest.provenance),
        checked_on=checked_on(manifest.provenance),
        limits=limits(groups_measured=further.photographs is not None),
        sections=_sections(model, manifest, data, further),
        accuracy="\n".join(_accuracy_row(boxes, figures) for boxes, figures in measured.items()),
        groups=", ".join(f"{name} {100 * value:.2f}" for name, value in regions),
        **_figures(manifest),
        **_robustness(model, data),
        speed=speed,
        ratios=ratios,
        run=settings.name,
        from_nothing=from_nothing(manifest.name),
        again=commands_again(runs, "--data DATA"),
        images=images_seen(runs),
        commit=manifest.provenance["source_commit"],
        checkpoint=manifest.provenance["checkpoint_sha256"][:16],
    )
    write_whole_bytes(folder / "MODEL_CARD.md", text.encode())
    return folder / "MODEL_CARD.md"

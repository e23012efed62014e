"""The model card of the finder. Every figure in it is measured when it is written."""

from pathlib import Path

from device.contract.files import write_whole_bytes
from device.contract.finder_manifest import read_finder_model
from device.finders.open import YUNET_MIN_SCORE, open_finder
from device.inference.models import ACCURATE_MODEL, find_model
from training.data.sets import read_validation
from training.finder.evaluate import FinderEvaluation, evaluate_finder
from training.finder.run import load_finder
from training.measure.evaluate import Evaluation, evaluate, load_predictor, predict_boxes, predict_found
from training.report.card_licence import finder_data_and_licence
from training.report.lineage import commands_again, images_seen, lineage

TEMPLATE = Path(__file__).with_name("card.template.md")
"""The card, with a placeholder for every figure."""


def measure_end_to_end(finder: Path, data: Path) -> tuple[Evaluation, Evaluation]:
    """Landmarks of the validation faces, cropped by the finder and by jittered true boxes."""
    samples = read_validation(data)
    model = find_model(ACCURATE_MODEL)
    predict, scheme = load_predictor(model)
    found = predict_found(model, open_finder(f"trained:{finder}"), samples)
    shaken = predict_boxes(predict, samples, "shaken")
    return evaluate(found, samples, scheme), evaluate(shaken, samples, scheme)


def _recall_rows(figures: FinderEvaluation) -> str:
    return "\n".join(
        f"| {name} | {row.faces} | {100 * row.ours:.2f} | {100 * row.yunet:.2f} "
        f"| {row.wide_faces} | {100 * row.ours_wide:.2f} | {100 * row.yunet_wide:.2f} |"
        for name, row in figures.recall.items()
    )


def _alarm_rows(figures: FinderEvaluation) -> str:
    return "\n".join(
        f"| {name} | {row.pictures} | {row.alarms} | {100 * row.rate:.2f} |"
        for name, row in figures.alarms.items()
    )


def write_finder_card(folder: Path, run: Path, data: Path, yunet: Path) -> Path:
    """Measure the finder of a folder and write MODEL_CARD.md beside it.

    Args:
        folder: with finder.tflite and finder.json.
        run: folder of the training run it was made from.
        data: folder with the data sets.
        yunet: YuNet's ONNX file.

    Raises:
        BadInputError: finder, run or data missing or damaged.
        WriteFailedError: the folder cannot be written or the disk is full.
    """
    model = folder / "finder.tflite"
    manifest = read_finder_model(model)
    network, _ = load_finder(run / "network.pt")
    runs = lineage(run)
    figures = evaluate_finder(data, yunet, model)
    found, shaken = measure_end_to_end(model, data)
    width, height = manifest.input_wh
    provenance, metrics = manifest.provenance, manifest.metrics
    text = TEMPLATE.read_text(encoding="utf-8").format(
        name=manifest.name,
        width=width,
        height=height,
        parameters=sum(weight.numel() for weight in network.parameters()),
        bytes=model.stat().st_size,
        data=finder_data_and_licence(provenance),
        run=runs[-1]["name"],
        yunet_flag=" YUNET=YUNET" if provenance["teacher_sha256"] else "",
        yunet_score=YUNET_MIN_SCORE,
        recall=_recall_rows(figures),
        checked=provenance["validation_crops"],
        float_iou=100 * (1 - metrics["validation_overlap_lost_pytorch"]),
        int8_iou=100 * (1 - metrics["validation_overlap_lost"]),
        least_score=manifest.codec.score_threshold,
        alarms=_alarm_rows(figures),
        faces=found.count,
        landmarks=ACCURATE_MODEL,
        found_nme=100 * found.nme_interocular,
        missed=found.missed,
        shaken_nme=100 * shaken.nme_interocular,
        times="\n".join(f"| {name} | {value:.2f} |" for name, value in figures.times_ms.items()),
        ratio=figures.times_ms["ours"] / figures.times_ms["yunet"],
        again=commands_again(
            runs, "--data DATA" + (" --yunet YUNET" if provenance["teacher_sha256"] else "")
        ),
        images=images_seen(runs),
        commit=provenance["source_commit"],
        checkpoint=provenance["checkpoint_sha256"][:16],
    )
    write_whole_bytes(folder / "MODEL_CARD.md", text.encode())
    return folder / "MODEL_CARD.md"

"""The report as one HTML file that needs nothing beside it and reads on a phone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from convert.stations.compare import FLOAT, INT8, ONNX, PYTORCH
from convert.stations.figure import FINDER_FIGURE, LANDMARK_FIGURE, UNLABELLED_FIGURE, Figure
from convert.stations.layers import WORST

TITLES = {PYTORCH: "PyTorch"}
TEMPLATE = Path(__file__).with_name("report.html")


def figure_of_report(report: Mapping[str, Any]) -> Figure:
    """What the report's network is judged by."""
    figures = (FINDER_FIGURE, LANDMARK_FIGURE, UNLABELLED_FIGURE)
    return next(figure for figure in figures if figure.key == report["figure"])


def forms_of_report(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The four forms in order: title, size in bytes, figures."""
    sizes = {entry["path"]: f"{entry['bytes']:,}" for entry in report["artifacts"]}
    stem = report["stem"]
    titles = (
        (report["original"], TITLES.get(report["original"], "as it came"), ""),
        (ONNX, "ONNX Runtime", sizes[f"work/{stem}.onnx"]),
        (FLOAT, "TFLite float32", sizes[f"work/{stem}_float32.tflite"]),
        (INT8, "TFLite int8", sizes[f"work/{stem}.tflite"]),
    )
    models = report["comparison"]["models"]
    return [{"title": title, "size": size, "figures": models[name]} for name, title, size in titles]


def page(report: Mapping[str, Any], pictures: Sequence[str]) -> str:
    """The report's HTML; `pictures` are base64 PNGs."""
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    forms = forms_of_report(report)
    operators = report["operators"][f"{report['stem']}.tflite"]
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        report=report,
        npu=report["accelerators"],
        figure=figure_of_report(report),
        forms=forms,
        kinds=list(forms[0]["figures"]["difference"]),
        operators=list(operators.items()),
        most=max(operators.values()),
        widest=max((max(-row["least"], row["most"]) for row in report["ranges"]), default=1.0),
        worst=WORST,
        pictures=pictures,
    )

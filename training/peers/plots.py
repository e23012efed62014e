"""The page's plots, as SVG: no photograph, and the same bytes from the same figures."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from device.contract.files import write_whole
from training.peers.figures import Measured
from training.peers.hardship import HARDSHIPS
from training.peers.peer import LOOK
from training.peers.tables import MESH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LIMIT = 0.12
"""Largest NME of the error curve, and of the curves of robustness as far as they are of use."""
STYLE: Any = {
    "svg.hashsalt": "landmarks",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.grid": True,
    "grid.alpha": 0.3,
}


def _save(
    path: Path, size: tuple[float, float], shape: tuple[int, int], draw: Callable[[Sequence["Axes"]], None]
) -> None:
    """Draw a figure of rows and columns of axes.

    Raises:
        WriteFailedError: it cannot be written.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        draw(np.ravel(figure.subplots(*shape)).tolist())
        write_whole(path, lambda beside: figure.savefig(beside, format="svg", metadata={"Date": None}))


def draw_errors(measured: Measured, path: Path) -> None:
    """Share of the faces whose NME is at most e, from shaken boxes.

    Raises:
        WriteFailedError: it cannot be written.
    """

    def draw(axes: Sequence["Axes"]) -> None:
        for name, row in measured["rows"]["from_box"].items():
            errors = 100 * np.sort(row["errors"])
            axes[0].step([0, *errors], np.linspace(0, 1, len(errors) + 1), where="post", label=name)
        axes[0].set(
            xlim=(0, 100 * LIMIT), ylim=(0, 1), xlabel="NME without offsets, %", ylabel="share of faces"
        )
        axes[0].legend()

    _save(path, (5.5, 3.8), (1, 1), draw)


def draw_cost(accuracy: Measured, times: Measured, path: Path) -> bool:
    """Error over time, as multiples of the mesh network's; whether that could be drawn.

    Raises:
        WriteFailedError: it cannot be written.
    """
    spent = {name: stages[LOOK] for name, stages in times["rows"].items() if LOOK in stages}

    def draw(axes: Sequence["Axes"]) -> None:
        for name, row in accuracy["rows"]["from_box"].items():
            if name in spent:
                place = spent[name] / spent[MESH], 100 * row["without_offsets"]
                axes[0].plot(*place, "o")
                axes[0].annotate(name, place, xytext=(5, 4), textcoords="offset points")
        axes[0].margins(x=0.25, y=0.15)
        axes[0].set(xlabel="crop + network + decode, of MediaPipe's", ylabel="NME without offsets, %")

    if MESH not in spent:
        return False
    _save(path, (5.5, 3.8), (1, 1), draw)
    return True


def draw_robustness(measured: Measured, path: Path) -> None:
    """One panel a hardship.

    Raises:
        WriteFailedError: it cannot be written.
    """
    curves: Mapping[str, Mapping[str, Any]] = measured["rows"]["curves"]

    def draw(axes: Sequence["Axes"]) -> None:
        for panel, hardship in zip(axes, HARDSHIPS, strict=False):
            levels = [f"{level:g}" for level in (hardship.clear, *hardship.levels)]
            for name, curve in curves[hardship.name].items():
                panel.plot(levels, 100 * np.array(curve), ".-", label=name)
            panel.set(title=hardship.name, xlabel=hardship.unit, ylim=(0, 300 * LIMIT / 2))
        axes[0].set(ylabel="median NME, %")
        axes[-1].axis("off")
        axes[-1].legend(*axes[0].get_legend_handles_labels(), loc="center")

    _save(path, (10, 5), (2, 4), draw)

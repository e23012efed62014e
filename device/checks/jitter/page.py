"""The bench's page: a table and a curve inside device/signal/README.md, between its two marks."""

from collections.abc import Sequence
from pathlib import Path

from device.checks.jitter.figures import Measured
from device.contract.errors import BadInputError, MissingOutsideError
from device.contract.files import write_whole, write_whole_bytes

BEGIN, END = "<!-- measured by `make jitter` -->", "<!-- end of what is measured -->"

FIGURE = "jitter.png"

HEAD = """| setting | jitter % | 90th percentile | all points % | step | slow pan | fast pan | blink left % |
| --- | --- | --- | --- | --- | --- | --- | --- |"""


def _table(settings: dict[str, Measured]) -> str:
    rows = [HEAD]
    for name, measured in settings.items():
        mean = measured.mean
        rows.append(
            f"| `{name}` | {100 * mean.jitter:.3f} | {100 * measured.jitter_p90:.3f} "
            f"| {100 * mean.jitter_all:.3f} | {mean.step_lag:.2f} | {mean.slow_lag:.2f} "
            f"| {mean.fast_lag:.2f} | {100 * mean.blink_kept:.0f} |"
        )
    return "\n".join(rows)


def draw_curve(path: Path, settings: dict[str, Measured], curve: "Sequence[Measured]") -> None:
    """Jitter against lag in a slow and a fast pan, with the named settings on it.

    Raises:
        MissingOutsideError: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise MissingOutsideError("no matplotlib to draw with: pip install matplotlib") from error
    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    for name, label in (("slow_lag", "0.1 eye distances/s"), ("fast_lag", "1 eye distance/s")):
        lags = [getattr(each.mean, name) for each in curve]
        (line,) = axes.plot([100 * each.mean.jitter for each in curve], lags, label=f"pan of {label}")
        for setting, measured in settings.items():
            place = 100 * measured.mean.jitter, getattr(measured.mean, name)
            axes.plot(*place, "o", color=line.get_color())
            axes.annotate(setting, place, xytext=(4, 4), textcoords="offset points", fontsize=8)
    axes.set_xlabel("jitter of a still face, % of the eye distance")
    axes.set_ylabel("lag, frames of 1/30 s")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()
    write_whole(path, lambda beside: figure.savefig(beside, dpi=110, metadata={"Software": None}))
    plt.close(figure)


def write_page(page: Path, of: str, settings: dict[str, Measured], curve: "Sequence[Measured]") -> None:
    """Put table and curve between the page's marks.

    Raises:
        BadInputError: the page lacks its marks.
        MissingOutsideError: matplotlib is not installed.
        WriteFailedError: page or figure cannot be written.
    """
    measured = f"{of}.\n\n{_table(settings)}\n\n![Jitter against lag]({FIGURE})"
    # First the page, which may lack its marks: no curve beside figures that are not its own.
    put_between(page, BEGIN, END, measured)
    draw_curve(page.with_name(FIGURE), settings, curve)


def put_between(page: Path, begin: str, end: str, measured: str) -> None:
    """Put what was measured between two marks of a page, in place of what was there.

    Raises:
        BadInputError: the page lacks its marks.
        WriteFailedError: it cannot be written.
    """
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    before, begun, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not (begun and ended):
        raise BadInputError(f"{page} lacks the lines {begin} and {end}; put them where the figures belong")
    write_whole_bytes(page, f"{before}{begin}\n\n{measured}\n\n{end}{after}".encode())

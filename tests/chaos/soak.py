"""An hour at 30 frames a second: does memory stay flat, does latency stay steady?

    python -m tests.chaos.soak --seconds 3600 --out runs/soak

The daemon runs its demo as a process and publishes to a real broker and to stdout. Written are
`soak.json`, a row a minute (or a twentieth of a shorter run), and `soak.png`.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from device.support.machine import board_name
from tests.broker import running_broker
from tests.chaos.subject import Subject

ROW_SECONDS = 60.0
MIN_ROWS = 20
WARM_UP = 0.1
"""Share of the run that counts as start."""

MAX_GROWTH_MB_PER_HOUR = 5.0
MAX_DRIFT = 0.25
"""Of the median latency, from the first rows after the warm-up to the last."""


def soak(seconds: float, folder: Path) -> dict[str, object]:
    """Run, and every row with what is made of them."""
    with running_broker(folder) as broker:
        flags = ["--source", "demo:", "--sink", f"mqtt://{broker.address}/soak?round_trip=1"]
        subject = Subject(flags, folder / "daemon.log")
        begun = time.monotonic()
        while subject.alive and time.monotonic() - begun < seconds:
            time.sleep(0.5)
        lived = subject.alive
        code, errors = subject.stop()
    assert any(message.kind == "frame" for message in subject.received), f"no frame came: {errors}"
    row_seconds = min(ROW_SECONDS, seconds / MIN_ROWS)
    rows = rows_of(subject, row_seconds)
    return {
        "board": board_name(),
        "seconds": seconds,
        "row_seconds": row_seconds,
        **verdict_of(rows, row_seconds),
    } | {
        "died": None if lived and code == 0 else errors[-2000:] or f"exit code {code}",
        "rows": rows,
    }


def rows_of(subject: Subject, row_seconds: float) -> list[dict[str, float]]:
    """Frames a second, latency and memory of each whole row, counted from the first frame.

    A row in which no frame came has no latency: a busy machine may take a second away.
    """
    frames = [message for message in subject.received if message.kind == "frame"]
    begun = frames[0].at
    arrived = np.array([message.at - begun for message in frames])
    latency_ms = np.array([message.latency_ms for message in frames])
    weighed = np.array([(at - begun, held) for at, held in subject.memory])
    rows = []
    for number in range(int(arrived[-1] / row_seconds)):
        inside = (arrived >= number * row_seconds) & (arrived < (number + 1) * row_seconds)
        held = weighed[
            (weighed[:, 0] >= number * row_seconds) & (weighed[:, 0] < (number + 1) * row_seconds), 1
        ]
        p50, p95, p99 = np.percentile(latency_ms[inside], [50, 95, 99]) if inside.any() else [np.nan] * 3
        rows.append(
            {
                "at_s": number * row_seconds,
                "fps": float(inside.sum() / row_seconds),
                "p50_ms": float(p50),
                "p95_ms": float(p95),
                "p99_ms": float(p99),
                "rss_mb": float(np.median(held)) if held.size else float("nan"),
            }
        )
    return rows


def verdict_of(rows: list[dict[str, float]], row_seconds: float) -> dict[str, object]:
    """Growth of memory by a straight line through the rows, drift of latency between their ends."""
    counted = rows[round(len(rows) * WARM_UP) :]
    hours = np.array([row["at_s"] for row in counted]) / 3600
    memory = np.array([row["rss_mb"] for row in counted])
    weighed = np.isfinite(memory)
    growth = float(np.polyfit(hours[weighed], memory[weighed], 1)[0])
    third = max(len(counted) // 3, 1)
    medians = [row["p50_ms"] for row in counted]
    drift = float(np.nanmedian(medians[-third:]) / np.nanmedian(medians[:third]) - 1)
    return {
        "growth_mb_per_hour": growth,
        "latency_drift": drift,
        "fps": float(np.mean([row["fps"] for row in counted])),
        "p50_ms": float(np.nanmedian(medians)),
        "p99_ms": float(np.nanmedian([row["p99_ms"] for row in counted])),
        "rss_mb": float(memory[weighed][-1]),
        "passed": growth * (len(counted) * row_seconds / 3600) <= MAX_GROWTH_MB_PER_HOUR
        and drift <= MAX_DRIFT,
    }


def draw(figures: dict[str, object], path: Path) -> None:
    """Memory above, latency below, over minutes."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    rows = figures["rows"]
    minutes = [row["at_s"] / 60 for row in rows]
    figure, (above, below) = plt.subplots(2, sharex=True, figsize=(8, 5), layout="constrained")
    above.plot(minutes, [row["rss_mb"] for row in rows], color="tab:blue")
    above.set(ylabel="resident memory, MB", ylim=(0, 1.2 * max(row["rss_mb"] for row in rows)))
    for name, shade in (("p99_ms", 0.35), ("p95_ms", 0.6), ("p50_ms", 1.0)):
        below.plot(minutes, [row[name] for row in rows], color="tab:orange", alpha=shade, label=name[:3])
    below.set(ylabel="capture to message, ms", xlabel="minutes", ylim=(0, None))
    below.legend(loc="upper right")
    figure.suptitle(
        f"{figures['seconds'] / 60:.0f} minutes at {figures['fps']:.1f} frames a second, {figures['board']}"
    )
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3600.0, help="how long (default: 3600)")
    parser.add_argument("--out", type=Path, default=Path("runs/soak"), help="folder of figure and plot")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = soak(arguments.seconds, Path(folder))
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "soak.json").write_text(json.dumps(figures, indent=1) + "\n")
    draw(figures, arguments.out / "soak.png")
    print(
        f"{figures['seconds']:.0f} s at {figures['fps']:.1f} fps: memory {figures['rss_mb']:.1f} MB, "
        f"{figures['growth_mb_per_hour']:+.1f} MB an hour; p50 {figures['p50_ms']:.2f} ms, "
        f"drift {figures['latency_drift']:+.0%}, p99 {figures['p99_ms']:.2f} ms; {arguments.out}/soak.png"
    )
    if figures["died"]:
        print(f"PROBLEM the daemon died: {figures['died']}")
    return 0 if figures["passed"] and not figures["died"] else 4


if __name__ == "__main__":
    sys.exit(main())

import json

import numpy as np
import pytest

from device.contract.landmarks import ibug_68
from device.inference.models import find_model
from training import __main__ as program
from training.data.sets.sample import Sample
from training.measure.turned_heads import TurnBand, turn_bands, turn_table


def face(yaw, tmp_path):
    # A box of 100 by 64 pixels: the root of its area is 80.
    points = np.random.default_rng(0).uniform([0, 0], [100, 64], (68, 2)).astype(np.float32)
    points[0], points[1] = (0, 0), (100, 64)
    return Sample(
        f"rendered/Ann/{yaw}", tmp_path / "none.jpg", points, "rendered", yaw_radians=np.radians(yaw)
    )


def moved(sample, inner, jaw):
    shift = np.zeros((68, 2))
    shift[17:, 0], shift[:17, 1] = inner, jaw
    return sample.landmarks + shift


def test_bands_part_inner_points_from_the_jaw_and_leave_missed_faces_out_of_means(tmp_path):
    samples = [face(yaw, tmp_path) for yaw in (-5, 29, 31, -59, 61, 90)]
    predicted = [
        moved(samples[0], 0.8, 1.6), moved(samples[1], 2.4, 4.8), moved(samples[2], 4, 8), None, None, None,
    ]  # fmt: skip
    bands = turn_bands(predicted, samples, ibug_68)
    assert bands["0-30"].count == 2
    assert (bands["0-30"].inner, bands["0-30"].jaw) == pytest.approx((0.02, 0.04))
    assert (bands["30-60"].count, bands["30-60"].missed) == (2, 1)
    assert (bands["30-60"].inner, bands["30-60"].jaw) == pytest.approx((0.05, 0.1))
    assert bands["60-90"] == TurnBand(2, 2, None, None)
    assert "60-90        2 100.0 %" in turn_table(bands)


def test_evaluate_gives_the_bands_of_rendered_heads(heads, opengl, tmp_path, monkeypatch, capsys):
    pytest.importorskip("meshoptimizer")
    from training.rendered.dataset import RenderRequest, render_dataset

    render_dataset(RenderRequest(heads, 4, side=96), tmp_path / "rendered", 1)
    command = [
        "training",
        "evaluate",
        "--model",
        str(find_model("tiny")),
        "--dataset",
        f"rendered:{tmp_path}/rendered",
    ]
    monkeypatch.setattr("sys.argv", [*command, "--json"])
    assert program.main() == 0
    figures = json.loads(capsys.readouterr().out)
    assert sum(band["count"] for band in figures["turn_bands"].values()) == figures["count"] == 4
    monkeypatch.setattr("sys.argv", command)
    assert program.main() == 0
    assert "of the root of the box's area" in capsys.readouterr().out

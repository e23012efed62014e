import subprocess
import sys

import numpy as np
import pytest

from device.contract.geometry import Box, jitter_box
from device.inference.models import find_model
from device.tracking.settings import TrackerSettings
from training.measure.presence import (
    OUTSIDE_SHARES,
    half_out_roi,
    measure_presence,
    outside_share,
    presence_figures,
    presence_table,
    rank_auc,
)

FACE = Box(100.0, 80.0, 180.0, 200.0)
MARGIN = 1.3


def auc_by_pairs(positive, negative):
    """The definition: every pair, a tie counting half."""
    wins = [1.0 if high > low else 0.5 if high == low else 0.0 for high in positive for low in negative]
    return sum(wins) / len(wins)


@pytest.mark.parametrize("steps", [3, 20, 10**9])
def test_the_rank_statistic_is_the_share_of_pairs_in_order(steps):
    rng = np.random.default_rng(steps)
    positive = np.floor(rng.uniform(0.2, 1, 37) * steps) / steps
    negative = np.floor(rng.uniform(0, 0.8, 23) * steps) / steps
    assert rank_auc(positive, negative) == pytest.approx(auc_by_pairs(positive, negative))


def test_an_order_without_fault_is_one_and_scores_that_say_nothing_are_a_half():
    assert rank_auc(np.array([0.9, 0.8]), np.array([0.1, 0.2, 0.3])) == 1
    assert rank_auc(np.array([0.1]), np.array([0.9])) == 0
    assert rank_auc(np.full(4, 0.5), np.full(3, 0.5)) == 0.5


def share_by_counting(face, roi):
    """Points on a fine grid over the face, counted one by one."""
    x = np.linspace(face.x_min, face.x_max, 401)[:, None]
    y = np.linspace(face.y_min, face.y_max, 401)[None]
    inside = (x >= roi.x_min) & (x <= roi.x_max) & (y >= roi.y_min) & (y <= roi.y_max)
    return 1 - inside.mean()


def test_a_half_out_crop_leaves_half_the_face_or_more_outside():
    rng = np.random.default_rng(2)
    rois = [half_out_roi(FACE, MARGIN, rng) for _ in range(200)]
    shares = [share_by_counting(FACE, roi) for roi in rois]
    assert min(shares) >= OUTSIDE_SHARES[0] - 0.01
    assert min(shares) < 0.55
    assert max(shares) > 0.95
    assert {round(roi.width, 6) for roi in rois} == {round(FACE.longest_side * MARGIN, 6)}
    assert np.mean([outside_share(FACE, roi) for roi in rois]) == pytest.approx(np.mean(shares), abs=0.01)


def test_a_shaken_crop_is_never_a_half_out_one():
    rng = np.random.default_rng(3)
    shaken = [jitter_box(FACE, rng) for _ in range(200)]
    rois = [Box.centred(box.centre_xy, (box.longest_side * MARGIN,) * 2) for box in shaken]
    assert max(outside_share(FACE, roi) for roi in rois) < 0.2


def test_every_kind_has_its_rates_at_the_trackers_thresholds():
    settings = TrackerSettings(begin_score=0.6, end_score=0.3)
    faces = {"set": np.array([0.9, 0.8, 0.5, 0.2])}
    others = {"ground": np.array([0.1, 0.4]), "half_out": np.array([0.3, 0.7])}
    figures = presence_figures("model@0", faces, others, settings)
    rates = {name: (kind.rate_at_begin, kind.rate_at_end) for name, kind in figures.kinds.items()}
    assert rates == {"set": (0.5, 0.75), "ground": (0, 0.5), "half_out": (0.5, 1.0)}
    assert figures.kinds["set"].auc is None
    assert figures.kinds["ground"].auc == pytest.approx(auc_by_pairs(faces["set"], others["ground"]))
    everything_else = np.concatenate(list(others.values()))
    assert figures.auc == pytest.approx(auc_by_pairs(faces["set"], everything_else))
    assert "ground" in presence_table(figures)


def test_a_missing_data_folder_is_one_line(root, tmp_path):
    command = [sys.executable, "-m", "training", "presence", "--model", str(find_model("small"))]
    done = subprocess.run(
        [*command, "--data", str(tmp_path)], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert len([line for line in done.stderr.splitlines() if line.startswith("error:")]) == 1
    assert "Traceback" not in done.stderr


@pytest.mark.data
def test_the_shipped_model_tells_faces_from_the_rest(data_root):
    figures = measure_presence(find_model("small"), data_root)
    print(presence_table(figures))
    assert figures.kinds["300w"].count == 200
    assert min(figures.kinds[name].count for name in ("ground", "half_out")) > 500
    assert figures.auc >= 0.995
    assert min(figures.kinds[name].auc for name in ("ground", "half_out")) >= 0.995
    assert figures.kinds["300w"].rate_at_begin >= 0.99

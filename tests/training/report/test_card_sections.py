"""The parts of a model card on turned heads, groups of people and other labels."""

from pathlib import Path

import numpy as np
import pytest

from training.measure.evaluate import load_predictor
from training.measure.turned_heads import TurnBand
from training.report import card_sections
from training.report.fairness import Group, Interval
from training.report.scheme_offsets import Compared

MODEL = Path("device/models/small/student.tflite")


class _Sample:
    name = "rendered/000001"

    def __init__(self, *attributes: str) -> None:
        self.attributes = attributes


def test_turned_heads_are_told_by_yaw(monkeypatch: pytest.MonkeyPatch) -> None:
    bands = {"0-30": TurnBand(200, 4, 0.02, 0.05), "60-90": TurnBand(3, 3, None, None)}
    bare = {"0-30": TurnBand(150, 0, 0.02, 0.05)}
    monkeypatch.setattr(card_sections, "read_rendered", lambda folder: [_Sample(), _Sample("mask")])
    monkeypatch.setattr(card_sections, "avatar_of", lambda name: next(iter(card_sections.HELD_OUT)))
    monkeypatch.setattr(card_sections, "predict_found", lambda *_: [np.zeros((68, 2))] * 2)
    monkeypatch.setattr(
        card_sections, "turn_bands", lambda _, samples, scheme: bands if len(samples) == 2 else bare
    )
    text = card_sections.turned_heads(MODEL, "trained:", Path("rendered"))
    assert "2 rendered heads of the 1 people" in text
    assert "| 0-30 | 200 | 2.0 | 2.00 | 5.00 | 150 | 0.0 |" in text
    assert "| 60-90 | 3 | 100.0 | - | - | 0 | - |" in text


def test_groups_are_told_with_their_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = Interval(0.5, 0.4, 0.6)
    monkeypatch.setattr(
        card_sections, "measure_fairness", lambda *_: [Group("all", "all", 9, figure, figure, figure)]
    )
    text = card_sections.groups(MODEL, "trained:", Path("fairface"))
    assert "| all | all | 9 | 50.00 [40.00, 60.00] | 0.50 [0.40, 0.60] | 50.00 [40.00, 60.00] |" in text


def test_an_open_model_stands_beside_the_mesh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        card_sections,
        "compare",
        lambda predictors, data: dict(
            zip(
                predictors,
                (Compared(0.06, 0.045, (0, 0, 0)), Compared(0.07, 0.048, (0.003, 0.001, 0.005))),
                strict=True,
            )
        ),
    )
    text = card_sections.beside_mesh(MODEL, "open-small", Path("data"), load_predictor(MODEL))
    assert "| open-small | 6.00 | 4.50 |  |" in text
    assert "| MediaPipe's mesh | 7.00 | 4.80 | +0.30 [+0.10, +0.50] |" in text


def test_limits_say_whether_groups_were_measured() -> None:
    assert "no figure here says" in card_sections.limits(groups_measured=False)
    assert "no figure here says" not in card_sections.limits(groups_measured=True)

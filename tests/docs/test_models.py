"""docs/models.md says what their cards say."""

import re

import pytest

from device.inference.models import shipped_models

FIGURES = (
    r"from a (\d+)x\d+ crop",
    r"^\| shaken \| ([\d.]+) ",
    r"^\| turned most, a quarter \| ([\d.]+) ",
    r"^\| all, by a cheap camera \| ([\d.]+) ",
    r"^network: ([\d.]+) times MediaPipe's",
)
"""Of a card, in the order of the table's columns."""


@pytest.mark.parametrize("model", shipped_models())
def test_the_page_shows_each_models_figures(root, model):
    card = (root / "device" / "models" / model / "MODEL_CARD.md").read_text()
    told = [re.search(figure, card, re.MULTILINE)[1] for figure in FIGURES]
    page = (root / "docs" / "models.md").read_text()
    row = next(line for line in page.splitlines() if line.startswith(f"| [`{model}`]"))
    assert re.findall(r"(?<![\w.])\d+(?:\.\d+)?", row.split("|", 2)[2]) == told

"""OpenSeeFace's features of known expressions: signs and spreads, and the page that tells them."""

import numpy as np
import pytest

from device.contract.errors import BadInputError
from device.sinks.avatar.osf_features import FEATURE_NAMES
from tests.conftest import DATA

pytest.importorskip("moderngl")
pytest.importorskip("meshoptimizer")

from device.inference.models import find_model
from device.inference.network import LandmarkNetwork
from training.measure.animated_photo import MOVES, warped
from training.measure.avatar_features import (
    BEGIN,
    END,
    SIDE,
    Played,
    at_heights,
    cases,
    play,
    table,
    write_page,
)
from training.rendered.avatar import Avatar
from training.rendered.draw import Sitter
from training.rendered.renderer import Renderer
from training.rendered.talking import EXPRESSION_SECONDS, REST_SECONDS, SCRIPT, TalkingHead, at, room_lights


def test_the_script_rests_and_then_makes_each_expression_once():
    assert at(0.0) == at(REST_SECONDS - 0.01) == (None, 0.0)
    for number, expression in enumerate(SCRIPT):
        begin = REST_SECONDS + number * EXPRESSION_SECONDS
        made, height = at(begin + EXPRESSION_SECONDS / 2)
        assert (made, height) == (expression, pytest.approx(1.0))
        assert at(begin + 0.001)[1] < 0.001
    assert at(REST_SECONDS + len(SCRIPT) * EXPRESSION_SECONDS + 0.01) == (None, 0.0)


def test_every_feature_has_an_expectation_and_every_expression_is_played():
    assert {name for _, name, _ in cases()} == set(FEATURE_NAMES)
    assert {expression for expression, *_ in cases()} == {expression.name for expression in SCRIPT}


def test_the_page_holds_the_table_between_its_marks(tmp_path):
    names = tuple(expression.name for expression in SCRIPT)
    values = np.tile(np.linspace(-1, 1, len(names))[:, None], len(FEATURE_NAMES))
    played = [Played("head", names, np.ones(len(names)), values, 2 * values)]
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_page(page, f"of this\n\n{table(played)}")
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n\nof this\n\n| feature |")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert table(played).count("| 0.50 |") == len(FEATURE_NAMES)
    page.write_text("without marks")
    with pytest.raises(BadInputError, match="lacks"):
        write_page(page, f"of this\n\n{table(played)}")


def test_a_photograph_moves_as_far_as_its_landmarks_are_told():
    picture = np.zeros((160, 160, 3), np.uint8)
    picture[70:80, 60:100] = 255
    landmarks = np.random.default_rng(0).uniform(20, 140, (68, 2))
    landmarks[36:46] = [[x, y] for y in (70, 79) for x in (60, 70, 80, 90, 99)]
    moved = landmarks.copy()
    moved[36:46, 1] += 6
    seen = warped(picture, landmarks, moved)
    rows = np.flatnonzero(seen[:, 80, 0] > 127)
    assert (rows.min(), rows.max()) == (pytest.approx(76, abs=1), pytest.approx(85, abs=1))
    assert set(MOVES) == {expression.name for expression in SCRIPT}


@pytest.mark.slow
def test_each_feature_tells_a_known_expression_and_spreads_as_exact_landmarks_do():
    avatars = sorted((DATA / "valid_avatars").glob("AIAN_M_2.glb"))
    if not avatars:
        pytest.skip(f"no rendered heads at {DATA}/valid_avatars (set LANDMARKS_DATA)")
    renderer = Renderer(SIDE)
    try:
        head = TalkingHead(Sitter(Avatar(avatars[0]), renderer), room_lights(), fps=8.0)
        played = play("a head", head.play(), LandmarkNetwork(find_model("small")))
    finally:
        renderer.close()
    for expression, name, sign in cases():
        assert sign * at_heights([played], expression, name).mean() > 0.2, (expression, name)
    ratios = played.tracked.std(axis=0) / played.exact.std(axis=0)
    assert dict(zip(FEATURE_NAMES, ratios.round(2).tolist(), strict=True)) == pytest.approx(
        dict.fromkeys(FEATURE_NAMES, 1.1), abs=0.5
    )

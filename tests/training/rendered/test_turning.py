"""The turning head: its loop closes, and it turns as far as is said, to both sides."""

import numpy as np
import pytest

pytest.importorskip("moderngl")
pytest.importorskip("meshoptimizer")

from training.rendered.avatar import Avatar
from training.rendered.draw import Sitter
from training.rendered.renderer import Renderer
from training.rendered.talking import room_lights
from training.rendered.turning import YAW_DEGREES, TurningHead, at


def test_the_loop_closes_and_reaches_both_sides():
    first, last = at(0.0), at(1.0)
    assert np.allclose(
        [first[0].yaw, first[0].pitch, first[0].roll], [last[0].yaw, last[0].pitch, last[0].roll]
    )
    assert first[1] == pytest.approx(last[1])
    yaws = [at(phase)[0].yaw for phase in np.linspace(0, 1, 41)]
    assert max(yaws) == pytest.approx(YAW_DEGREES)
    assert min(yaws) == pytest.approx(-YAW_DEGREES)


def test_a_head_is_drawn_in_the_middle_of_every_frame(opengl, heads):
    renderer = Renderer(96)
    head = TurningHead(Sitter(Avatar(heads / "Ann.glb"), renderer), room_lights(), 3)
    frames = list(head.play())
    renderer.close()
    assert len(frames) == 3
    ground = frames[0][:, :1]
    for frame in frames:
        differs = np.abs(frame.astype(int) - ground).max(axis=2) > 12
        assert differs[40:56, 40:56].mean() > 0.5

"""Size, rotation and mirror of a stored picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.sources.framing import fit_inside, frame_stored, orient
from device.sources.options import Orientation

PICTURE = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


@pytest.mark.parametrize(("rotate", "quarter_turns"), [(0, 0), (90, -1), (180, 2), (270, 1)])
@pytest.mark.parametrize("mirror", [False, True])
def test_rotation_is_clockwise_and_the_mirror_comes_after_it(
    rotate: int, quarter_turns: int, mirror: bool
) -> None:
    wanted = np.rot90(PICTURE, quarter_turns)  # numpy turns anticlockwise
    wanted = wanted[:, ::-1] if mirror else wanted
    got = orient(PICTURE, Orientation(rotate=rotate, mirror=mirror))
    np.testing.assert_array_equal(got, wanted)
    assert got.flags.c_contiguous


@given(st.tuples(*[st.integers(1, 300)] * 2), st.tuples(*[st.integers(1, 300)] * 2))
def test_a_fitted_picture_is_inside_and_touches_the_size_asked_for(
    stored_wh: tuple[int, int], size_wh: tuple[int, int]
) -> None:
    height, width = fit_inside(np.zeros((*stored_wh[::-1], 3), np.uint8), size_wh).shape[:2]
    assert width <= size_wh[0]
    assert height <= size_wh[1]
    assert width == size_wh[0] or height == size_wh[1]
    # Proportions are kept but for the rounding to whole pixels.
    assert abs(width * stored_wh[1] - height * stored_wh[0]) <= max(stored_wh)


def test_size_is_that_before_the_rotation() -> None:
    stored = np.zeros((50, 100, 3), np.uint8)
    assert frame_stored(stored, (40, 40), Orientation(rotate=90)).shape == (40, 20, 3)
    assert frame_stored(stored, None, Orientation()) is stored

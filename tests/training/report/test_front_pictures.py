"""The pictures of README.md: small, a loop, and of the heads that the command names."""

import cv2
import numpy as np
import pytest

pytest.importorskip("moderngl")
pytest.importorskip("meshoptimizer")

from device.contract.errors import WriteFailedError
from training.report.front_pictures import FPS, FRAMES, MAX_ANIMATION_BYTES, MAX_STILL_BYTES, SIDE, write_webp


def test_the_committed_pictures_are_small_and_whole(root):
    still, head = (root / "docs" / "pictures" / name for name in ("faces.webp", "head.webp"))
    assert still.stat().st_size < MAX_STILL_BYTES
    assert head.stat().st_size < MAX_ANIMATION_BYTES
    assert cv2.imread(str(still)).shape == (SIDE, 4 * SIDE, 3)
    _, shown = cv2.imreadanimation(str(head))
    assert len(shown.frames) == FRAMES
    # 0 is without end.
    assert shown.loop_count == 0


def test_an_animation_keeps_its_frames_and_its_pace_and_what_does_not_fit_is_told(tmp_path):
    frames = [np.full((32, 48, 3), value, np.uint8) for value in (0, 120, 240)]
    write_webp(tmp_path / "made.webp", frames, 10_000)
    _, shown = cv2.imreadanimation(str(tmp_path / "made.webp"))
    assert [frame[..., :3].mean().round(-1) for frame in shown.frames] == [0, 120, 240]
    assert list(shown.durations) == [round(1000 / FPS)] * 3
    with pytest.raises(WriteFailedError, match="does not fit"):
        write_webp(tmp_path / "large.webp", frames, 10)
    assert not (tmp_path / "large.webp").exists()

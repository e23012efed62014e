"""Video files: every frame once, in order, and a cut file says so."""

import shutil
import subprocess
import time
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.contract.errors import BadInputError
from device.sources import video_file
from device.sources.frame import Frame, Unreadable
from device.sources.open import open_source
from device.sources.video import VideoOptions, VideoSource

FRAMES = 30


def write_video(path: Path, fourcc: str = "MJPG", frames: int = FRAMES) -> Path:
    """64x48; frame n is evenly grey of 8 n, on a little noise so that frames have some size."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*fourcc), 25, (64, 48))
    assert writer.isOpened()
    rng = np.random.default_rng(1)
    for number in range(frames):
        writer.write(np.clip(rng.normal(8 * number, 4, (48, 64, 3)), 0, 255).astype(np.uint8))
    writer.release()
    return path


@pytest.mark.parametrize(("name", "fourcc"), [("clip.avi", "MJPG"), ("clip.mp4", "mp4v")])
def test_every_frame_comes_once_in_order_and_named(tmp_path: Path, name: str, fourcc: str) -> None:
    with open_source(f"video:{write_video(tmp_path / name, fourcc)}") as source:
        items = list(source)
    frames = [item for item in items if isinstance(item, Frame)]
    assert len(frames) == len(items) == FRAMES
    assert [frame.sequence for frame in frames] == list(range(FRAMES))
    assert [frame.name for frame in frames][:2] == [f"{name}#000000", f"{name}#000001"]
    levels = [frame.image.mean() for frame in frames]
    np.testing.assert_allclose(levels, 8 * np.arange(FRAMES), atol=4)
    assert source.name == "video"
    assert not source.live


def test_frames_are_fitted_and_turned(tmp_path: Path) -> None:
    source = VideoSource(write_video(tmp_path / "clip.avi"), VideoOptions(size=(32, 48), rotate=90))
    frame = next(iter(source))
    assert isinstance(frame, Frame)
    assert frame.size_wh == (24, 32)


def test_a_cut_video_gives_its_frames_and_then_says_how_many_are_missing(tmp_path: Path) -> None:
    data = write_video(tmp_path / "whole.avi").read_bytes()
    (tmp_path / "cut.avi").write_bytes(data[: len(data) // 2])
    with open_source(f"video:{tmp_path / 'cut.avi'}") as source:
        *frames, last = source
    assert 2 < len(frames) < FRAMES - 2
    assert all(isinstance(frame, Frame) for frame in frames)
    assert isinstance(last, Unreadable)
    assert f"cut.avi: got {len(frames)} of {FRAMES} frames" in last.reason
    assert last.sequence == len(frames)


@pytest.mark.parametrize("name", ["text.avi", "text.txt", "empty.avi", "beginning.mp4"])
def test_a_file_that_is_no_video_is_refused_at_once(tmp_path: Path, name: str) -> None:
    beginning = write_video(tmp_path / "whole.mp4", "mp4v").read_bytes()[:500]
    content = {"empty": b"", "beginning": beginning}.get(Path(name).stem, b"hello, I am a text\n" * 100)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInputError, match=r"wanted a video"):
        open_source(f"video:{tmp_path / name}")


def test_a_picture_or_nothing_at_all_is_refused_with_advice(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "x.png"), np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(BadInputError, match="is a picture, wanted a video; for pictures write images:"):
        open_source(f"video:{tmp_path / 'x.png'}")
    with pytest.raises(BadInputError, match="no video file at"):
        open_source(f"video:{tmp_path / 'nowhere.avi'}")


def test_a_closed_video_ends_without_complaint(tmp_path: Path) -> None:
    source = VideoSource(write_video(tmp_path / "clip.avi"), VideoOptions())
    got = []
    for item in source:
        got.append(item)
        if len(got) == 3:
            source.close()
    assert len(got) == 3
    assert all(isinstance(item, Frame) for item in got)


def test_a_repeated_video_begins_again_and_its_numbers_go_on(tmp_path: Path) -> None:
    source = open_source(f"video:{write_video(tmp_path / 'clip.avi', frames=3)}?repeat=1")
    frames = [frame for frame in islice(source, 8) if isinstance(frame, Frame)]
    source.close()
    assert [frame.sequence for frame in frames] == list(range(8))
    assert [frame.name for frame in frames][2:5] == ["clip.avi#000002", "clip.avi#000000", "clip.avi#000001"]
    np.testing.assert_array_equal(frames[0].image, frames[3].image)


def test_a_video_at_its_pace_is_live_and_drops_frames_for_a_slow_reader(tmp_path: Path) -> None:
    frames = []
    with open_source(f"video:{write_video(tmp_path / 'clip.avi')}?pace=real") as source:
        for item in source:
            if isinstance(item, Frame):
                frames.append(item)
                time.sleep(0.1)
    assert source.live
    # 30 frames at 25 a second take 1.2 s, in which a reader of 10 a second sees about 12.
    assert 8 <= len(frames) <= 14
    assert source.skipped == 30 - len(frames)
    assert (frames[-1].captured_ns - frames[0].captured_ns) / 1e9 == pytest.approx(
        frames[-1].sequence / 25, abs=0.05
    )


# The nine numbers of a track's display matrix, fixed point 16.16 and 2.30: a b u c d v x y w.
_UNTURNED = (1, 0, 0, 0, 1, 0, 0, 0, 1)
_TURNED = {  # for a stored picture of W x H
    90: lambda w, h: (0, 1, 0, -1, 0, 0, h, 0, 1),
    180: lambda w, h: (-1, 0, 0, 0, -1, 0, w, h, 1),
    270: lambda w, h: (0, -1, 0, 1, 0, 0, 0, w, 1),
}


def matrix_bytes(numbers) -> bytes:
    scales = [2**30 if place % 3 == 2 else 2**16 for place in range(9)]
    return b"".join(
        (n * scale).to_bytes(4, "big", signed=True) for n, scale in zip(numbers, scales, strict=True)
    )


@pytest.mark.parametrize("container", ["mp4", "mov"])
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_phones_video_is_turned_as_its_header_says(tmp_path: Path, container: str, degrees: int) -> None:
    stored = np.zeros((96, 160, 3), np.uint8)
    stored[:48, :80] = 255
    path = tmp_path / f"phone.{container}"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 25, (160, 96))
    for _ in range(3):
        writer.write(stored)
    writer.release()
    data = path.read_bytes()
    place = data.index(matrix_bytes(_UNTURNED), data.index(b"tkhd"))
    matrix = matrix_bytes(_TURNED[degrees](160, 96))
    path.write_bytes(data[:place] + matrix + data[place + len(matrix) :])
    with open_source(f"video:{path}") as source:
        frames = list(source)
    wanted = np.rot90(stored, -degrees // 90)
    assert len(frames) == 3
    for frame in frames:
        assert frame.image.shape == wanted.shape
        assert np.abs(frame.image.astype(int) - wanted).mean() < 25


def write_gap(path: Path) -> Path:
    """Five frames at 20 fps, a second of silence, five frames: Matroska of variable rate."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("no ffmpeg to write a video of variable rate: apt-get install ffmpeg")
    select = "select=not(between(n\\,5\\,24)),setpts=PTS"
    subprocess.run(
        [
            *("ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=20:duration=1.5"),
            *("-vf", select, "-vsync", "vfr", "-c:v", "mjpeg", "-bitexact", str(path)),
        ],
        check=True,
    )
    return path


def test_a_variable_rate_is_played_by_its_time_stamps_and_not_taken_for_cut_short(tmp_path: Path) -> None:
    uri = f"video:{write_gap(tmp_path / 'gap.mkv')}"
    with open_source(uri) as source:
        items = list(source)
    assert [type(item) for item in items] == [Frame] * 10
    with open_source(f"{uri}?pace=real") as source:
        frames = {item.sequence: item for item in source if isinstance(item, Frame)}
    assert max(frames) == 9
    first, last = min(frames), max(frames)
    due = [number / 20 if number < 5 else (number + 20) / 20 for number in range(10)]
    spent = (frames[last].captured_ns - frames[first].captured_ns) / 1e9
    assert spent == pytest.approx(due[last] - due[first], abs=0.1)


def test_a_video_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(video_file, "MAX_PIXELS", 64 * 48 - 1)
    with pytest.raises(BadInputError, match=r"clip\.avi has 64x48 pixels, wanted at most"):
        open_source(f"video:{write_video(tmp_path / 'clip.avi')}")


def test_the_number_of_frames_is_known_beforehand_where_the_file_lists_them(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.avi")
    assert VideoSource(path).length == FRAMES
    assert VideoSource(path, VideoOptions(repeat=True)).length is None

"""Frames without a header."""

import io
import os
import subprocess
import sys
import threading

import cv2
import numpy as np
import pytest

from device.contract.errors import BadInputError, UsageError
from device.sources.camera.live import LiveSource
from device.sources.frame import Frame, Unreadable
from device.sources.open import open_source
from device.sources.raw import RawOptions, RawSource

SMOOTH = cv2.GaussianBlur(np.random.default_rng(3).integers(0, 256, (6, 8, 3), dtype=np.uint8), (0, 0), 3)
"""Colour changes little from pixel to pixel, so that halving it in YUV loses little."""

CODES = {"rgb24": cv2.COLOR_BGR2RGB, "yuv420": cv2.COLOR_BGR2YUV_I420, "gray8": cv2.COLOR_BGR2GRAY}


def raw_bytes(image, layout):
    return image.tobytes() if layout == "bgr24" else cv2.cvtColor(image, CODES[layout]).tobytes()


class Drip(io.RawIOBase):
    """A pipe that gives seven bytes at a time."""

    def __init__(self, data):
        self.data = data

    def readinto(self, buffer):
        got = min(7, len(buffer), len(self.data))
        buffer[:got], self.data = self.data[:got], self.data[got:]
        return got


@pytest.mark.parametrize("layout", ["rgb24", "bgr24", "gray8", "yuv420"])
def test_every_layout_becomes_the_picture_that_was_written(layout: str) -> None:
    pictures = [SMOOTH, 255 - SMOOTH]
    data = b"".join(raw_bytes(picture, layout) for picture in pictures)
    frames = list(RawSource("-", RawOptions(size=(8, 6), format=layout), Drip(data)))
    assert [frame.name for frame in frames] == ["stdin#000000", "stdin#000001"]
    for frame, picture in zip(frames, pictures, strict=True):
        wanted = picture
        if layout == "gray8":
            wanted = np.repeat(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)[:, :, None], 3, 2)
        np.testing.assert_allclose(frame.image.astype(int), wanted, atol=12 if layout == "yuv420" else 0)


def test_frames_do_not_share_their_memory() -> None:
    first, second = RawSource(
        "-", RawOptions(size=(8, 6), format="bgr24"), io.BytesIO(bytes(144) + b"\1" * 144)
    )
    assert (first.image.max(), second.image.min()) == (0, 1)


def test_a_rest_that_is_no_whole_frame_is_an_error() -> None:
    frame, rest = RawSource("-", RawOptions(size=(8, 6)), io.BytesIO(bytes(150)))
    assert isinstance(frame, Frame)
    assert isinstance(rest, Unreadable)
    assert "150 bytes are 1 frame of 144 bytes and 6 more" in rest.reason


def padded(image, layout, stride):
    """Rows as the Pi's capture tools write them: filled up with 255 to the stride."""

    def plane(rows, width, wanted):
        rows = np.asarray(rows).reshape(-1, width)
        return np.hstack([rows, np.full((len(rows), wanted - width), 255, np.uint8)]).tobytes()

    data, (height, width) = np.frombuffer(raw_bytes(image, layout), np.uint8), image.shape[:2]
    if layout != "yuv420":
        return plane(data, len(data) // height, stride)
    luma, chroma = data[: height * width], data[height * width :]
    return plane(luma, width, stride) + plane(chroma, width // 2, stride // 2)


@pytest.mark.parametrize("layout", ["rgb24", "bgr24", "gray8", "yuv420"])
def test_padded_rows_give_the_same_pictures_as_rows_without_padding(layout: str) -> None:
    plain = RawSource("-", RawOptions(size=(8, 6), format=layout), io.BytesIO(raw_bytes(SMOOTH, layout)))
    options = RawOptions(size=(8, 6), format=layout, stride=32)
    (got,) = RawSource("-", options, io.BytesIO(padded(SMOOTH, layout, 32)))
    np.testing.assert_array_equal(got.image, next(iter(plain)).image)


def test_a_pipe_of_padded_rows_says_which_stride_would_fit() -> None:
    *_, rest = RawSource("-", RawOptions(size=(8, 6)), io.BytesIO(padded(SMOOTH, "rgb24", 32) * 4))
    assert "rows may be padded: stride=32" in rest.reason


def test_a_file_whose_size_fits_no_number_of_frames_is_refused_at_once(tmp_path) -> None:
    (tmp_path / "film.raw").write_bytes(padded(SMOOTH, "rgb24", 32))
    with pytest.raises(BadInputError, match=r"192 bytes are 1 frame of 144 bytes and 48 more.*stride=32"):
        open_source(f"raw:{tmp_path}/film.raw?size=8x6")
    with open_source(f"raw:{tmp_path}/film.raw?size=8x6&stride=32") as source:
        assert len(list(source)) == 1


def test_a_stride_smaller_than_a_row_is_refused() -> None:
    with pytest.raises(UsageError, match="stride 23, wanted at least the 24 bytes of a row"):
        RawOptions(size=(8, 6), stride=23)


def test_a_file_is_lossless_and_turned(tmp_path) -> None:
    (tmp_path / "film.raw").write_bytes(raw_bytes(SMOOTH, "rgb24") * 3)
    with open_source(f"raw:{tmp_path}/film.raw?size=8x6&rotate=90") as source:
        frames = list(source)
    assert not source.live
    assert [frame.size_wh for frame in frames] == [(6, 8)] * 3


def test_a_file_at_its_pace_is_live(tmp_path) -> None:
    (tmp_path / "film.raw").write_bytes(raw_bytes(SMOOTH, "rgb24") * 3)
    with open_source(f"raw:{tmp_path}/film.raw?size=8x6&pace=real&fps=20") as source:
        items = list(source)
    assert isinstance(source, LiveSource)
    first, *_, last = [item for item in items if isinstance(item, Frame)]
    assert (last.captured_ns - first.captured_ns) / 1e9 == pytest.approx((last.sequence) / 20, abs=0.03)


@pytest.mark.parametrize(
    ("uri", "error", "says"),
    [
        ("raw:-", UsageError, "needs the option size="),
        ("raw:-?size=7x6&format=yuv420", UsageError, "wanted even sides"),
        ("raw:-?size=8x6&format=nv12", UsageError, "wanted one of rgb24, bgr24, gray8, yuv420"),
        ("raw:/nowhere?size=8x6", BadInputError, "no file or pipe at /nowhere"),
    ],
)
def test_what_cannot_be_read_is_refused(uri: str, error: type, says: str) -> None:
    with pytest.raises(error, match=says):
        open_source(uri)


def test_standard_input_streams_through_the_daemon(root) -> None:
    command = [sys.executable, "-m", "device", "run", "--source", "raw:-?size=64x48&format=gray8"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*command, "--frames", "2"], cwd=root, **pipes) as child:
        watch = threading.Timer(60, child.kill)
        watch.start()
        data = bytes(64 * 48)
        lines = []
        os.write(child.stdin.fileno(), data)
        for line in child.stdout:
            lines.append(line)
            if b'"type":"frame"' in line and sum(b'"type":"frame"' in each for each in lines) == 1:
                os.write(child.stdin.fileno(), data)
        child.stdin.close()
        assert child.wait(10) == 0, child.stderr.read()
        watch.cancel()
    assert sum(b'"type":"frame"' in line for line in lines) == 2

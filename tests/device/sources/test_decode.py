"""Encoded pictures: their size before decoding, and what is refused."""

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.contract.errors import BadInputError
from device.sources.decode import decode_picture
from device.sources.jpeg import jpeg_size


def encoded(width: int, height: int, extension: str, *flags: int) -> bytes:
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return cv2.imencode(extension, picture, flags)[1].tobytes()


@given(st.integers(1, 300), st.integers(1, 300), st.booleans())
def test_the_size_of_a_jpeg_is_read_from_its_header(width: int, height: int, progressive: bool) -> None:
    data = encoded(width, height, ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive))
    assert jpeg_size(data) == (width, height)
    assert jpeg_size(data[:2] + b"\xff\xff\xfe\x00\x04hi" + data[2:]) == (width, height)


@given(st.binary() | st.binary().map(lambda data: b"\xff\xd8\xff" + data))
def test_any_bytes_have_a_size_or_none(data: bytes) -> None:
    size = jpeg_size(data)
    assert size is None or len(size) == 2


def test_a_picture_of_too_many_pixels_is_not_decoded(monkeypatch) -> None:
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    with pytest.raises(BadInputError, match=r"has 40x30 pixels, wanted at most 0.001199 million"):
        decode_picture(encoded(40, 30, ".jpg"), max_pixels=1199)


def test_opencv_refuses_other_formats_of_too_many_pixels(root) -> None:
    program = (
        "import sys\nfrom device.sources import opencv\nopencv.limit_pictures()\n"
        "from device.sources.decode import decode_picture\ndecode_picture(sys.stdin.buffer.read())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "OPENCV_IO_MAX_IMAGE_PIXELS": "1000"},
        cwd=root,
        input=encoded(40, 30, ".png"),
        capture_output=True,
        check=False,
    )
    assert b"BadInputError: more than 50 million pixels" in done.stderr

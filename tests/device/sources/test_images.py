"""The folder of pictures: every one once, in order, and bad ones said."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.contract.errors import BadInputError
from device.sources.frame import Frame, Unreadable
from device.sources.images import EXTENSIONS, ImagesOptions, ImagesSource
from device.sources.open import open_source


def noise(height: int, width: int, *channels: int) -> np.ndarray:
    return np.random.default_rng(height + width).integers(0, 256, (height, width, *channels), dtype=np.uint8)


def write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)


def read_all(folder: Path, options: ImagesOptions | None = None) -> list[Frame | Unreadable]:
    with ImagesSource(folder, options or ImagesOptions()) as source:
        return list(source)


def only_frame(folder: Path) -> Frame:
    (item,) = read_all(folder)
    assert isinstance(item, Frame)
    return item


def test_every_picture_comes_once_sorted_by_path_with_its_name(tmp_path: Path) -> None:
    names = ["a-b.png", "a/2.PNG", "a/10.jpg", "b.Tiff", "c/d/e.webp", "z.ppm", "Z.bmp"]
    for number, name in enumerate(names):
        write(tmp_path / name, np.full((2, 2, 3), number, np.uint8))
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "folder.png").mkdir()
    frames = read_all(tmp_path)
    assert [frame.name for frame in frames] == sorted(names)
    assert [frame.sequence for frame in frames] == list(range(len(names)))


def test_every_listed_extension_is_read(tmp_path: Path) -> None:
    for extension in EXTENSIONS:
        write(tmp_path / f"x{extension}", noise(8, 8) if extension == ".pgm" else noise(8, 8, 3))
    frames = read_all(tmp_path)
    assert len(frames) == 9
    assert all(isinstance(frame, Frame) and frame.image.shape == (8, 8, 3) for frame in frames)


def test_grey_becomes_three_equal_channels(tmp_path: Path) -> None:
    grey = noise(5, 7)
    write(tmp_path / "grey.png", grey)
    np.testing.assert_array_equal(only_frame(tmp_path).image, np.dstack([grey] * 3))


def test_transparency_is_dropped(tmp_path: Path) -> None:
    picture = noise(5, 7, 4)
    write(tmp_path / "rgba.png", picture)
    np.testing.assert_array_equal(only_frame(tmp_path).image, picture[..., :3])


@pytest.mark.parametrize("extension", ["png", "tif"])
def test_sixteen_bits_become_eight(tmp_path: Path, extension: str) -> None:
    eight = noise(5, 7, 3)
    write(tmp_path / f"deep.{extension}", eight.astype(np.uint16) * 257)
    got = only_frame(tmp_path).image
    assert got.dtype == np.uint8
    assert np.abs(got.astype(int) - eight).max() <= 1


def test_a_single_pixel_is_a_picture(tmp_path: Path) -> None:
    write(tmp_path / "dot.png", np.array([[[1, 2, 3]]], np.uint8))
    np.testing.assert_array_equal(only_frame(tmp_path).image, [[[1, 2, 3]]])


def test_twenty_megapixels_are_a_picture(tmp_path: Path) -> None:
    write(tmp_path / "large.jpg", np.full((4000, 5000, 3), 90, np.uint8))
    assert only_frame(tmp_path).image.shape == (4000, 5000, 3)


def jpeg_turned_by_exif() -> bytes:
    """A 4x2 JPEG whose EXIF orientation 6 asks viewers for a quarter turn."""
    _, jpeg = cv2.imencode(".jpg", noise(2, 4, 3))
    tiff = b"II*\0\x08\0\0\0" + b"\x01\0" + b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" + b"\0\0\0\0"
    exif = b"Exif\0\0" + tiff
    return b"\xff\xd8\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg.tobytes()[2:]


def test_a_picture_is_turned_as_its_exif_orientation_says_unless_told_not_to(tmp_path: Path) -> None:
    (tmp_path / "turned.jpg").write_bytes(jpeg_turned_by_exif())
    (as_seen,) = read_all(tmp_path)
    (as_stored,) = read_all(tmp_path, ImagesOptions(exif=False))
    assert as_stored.image.shape == (2, 4, 3)
    # Orientation 6: the first stored row is the right side of what people see.
    np.testing.assert_array_equal(as_seen.image, np.rot90(as_stored.image, -1))


@pytest.mark.parametrize(("bits", "shift"), [(8, 0), (10, 2), (12, 4), (14, 6), (16, 8)])
@pytest.mark.parametrize("extension", [".png", ".tiff"])
def test_a_picture_of_10_or_12_bits_in_a_16_bit_file_is_as_bright_as_it_was(
    tmp_path: Path, bits: int, shift: int, extension: str
) -> None:
    ramp = np.linspace(0, 2**bits - 1, 64 * 64).astype(np.uint16).reshape(64, 64)
    write(tmp_path / f"ramp{extension}", ramp)
    (frame,) = read_all(tmp_path)
    np.testing.assert_array_equal(frame.image[:, :, 1], ramp >> shift)


@pytest.mark.parametrize("extension", sorted(EXTENSIONS))
def test_a_picture_cut_short_is_an_error_and_the_stream_goes_on(tmp_path: Path, extension: str) -> None:
    write(tmp_path / f"b{extension}", noise(64, 64) if extension == ".pgm" else noise(64, 64, 3))
    data = (tmp_path / f"b{extension}").read_bytes()
    (tmp_path / f"a{extension}").write_bytes(data[: len(data) // 2])
    bad, good = read_all(tmp_path)
    assert isinstance(bad, Unreadable)
    assert (bad.name, bad.sequence) == (f"a{extension}", 0)
    assert f"a{extension}: {len(data) // 2} bytes that do not decode" in bad.reason
    assert isinstance(good, Frame)
    assert good.sequence == 1


def test_bad_files_each_give_their_reason(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "link.png").symlink_to("nowhere.png")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "text.png").write_text("not a picture at all")
    items = read_all(tmp_path)
    assert all(isinstance(item, Unreadable) for item in items)
    reasons = " / ".join(item.reason for item in items if isinstance(item, Unreadable))
    for part in ("empty.png: the file is empty", "link.png: cannot be read: No such file", "pipe.png: not an",
                 "text.png: 20 bytes that do not decode"):  # fmt: skip
        assert part in reasons


def test_loops_of_links_end_and_linked_folders_are_read_once(tmp_path: Path) -> None:
    write(tmp_path / "in" / "real" / "x.png", noise(2, 2, 3))
    write(tmp_path / "out" / "y.png", noise(2, 2, 3))
    (tmp_path / "in" / "real" / "up").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "self").symlink_to("self")
    (tmp_path / "in" / "there").symlink_to(tmp_path / "out")
    (tmp_path / "in" / "there2").symlink_to(tmp_path / "out")
    assert [item.name for item in read_all(tmp_path / "in")] == ["real/x.png", "there/y.png"]


def test_a_name_that_is_no_utf8_can_still_be_streamed(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.png")).write_bytes(cv2.imencode(".png", noise(2, 2, 3))[1].tobytes())
    assert only_frame(tmp_path).name == r"caf\xe9.png"


def test_size_rotation_and_mirror_are_applied(tmp_path: Path) -> None:
    write(tmp_path / "x.png", noise(20, 40, 3))
    frame = read_all(tmp_path, ImagesOptions(size=(20, 20), rotate=90))[0]
    assert isinstance(frame, Frame)
    assert frame.size_wh == (10, 20)


def test_a_picture_that_vanishes_after_the_listing_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "x.png", noise(2, 2, 3))
    source = ImagesSource(tmp_path, ImagesOptions())
    (tmp_path / "x.png").unlink()
    (item,) = source
    assert isinstance(item, Unreadable)


def test_a_missing_or_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"no folder or picture at .*nowhere"):
        open_source(f"images:{tmp_path}/nowhere")
    with pytest.raises(BadInputError, match=r"no picture in .* wanted files ending in \.bmp"):
        open_source(f"images:{tmp_path}")
    with pytest.raises(BadInputError, match="no folder or picture at"):
        open_source("images:" + "x" * 5000)


def test_a_folder_that_cannot_be_listed_is_refused_rather_than_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "open" / "x.png", noise(2, 2, 3))
    (tmp_path / "shut").mkdir()
    scandir = os.scandir

    def refusing(path: str) -> object:  # the tests may run as root, whom no mode keeps out
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(BadInputError, match=r"cannot list folder .*shut: Permission denied"):
        ImagesSource(tmp_path, ImagesOptions())


def test_a_single_picture_is_read_whatever_its_name_ends_in(tmp_path: Path) -> None:
    write(tmp_path / "x.png", noise(5, 7, 3))
    (tmp_path / "x.png").rename(tmp_path / "photo.upload")
    source = ImagesSource(tmp_path / "photo.upload")
    (frame,) = source
    assert source.length == 1
    assert isinstance(frame, Frame)
    assert (frame.name, frame.image.shape) == ("photo.upload", (5, 7, 3))


def test_pictures_of_kinds_that_are_not_read_are_told_by_name(tmp_path: Path) -> None:
    write(tmp_path / "z.png", noise(5, 7, 3))
    for name in ("a.HEIC", "b.avif", "c.gif"):
        (tmp_path / name).write_bytes(b"x")
    *told, good = read_all(tmp_path)
    assert [item.reason for item in told if isinstance(item, Unreadable)] == [
        "a.HEIC: HEIC is not read; convert it to JPEG or PNG first",
        "b.avif: AVIF is not read; convert it to JPEG or PNG first",
        "c.gif: GIF is not read; convert it to JPEG or PNG first",
    ]
    assert isinstance(good, Frame)


def test_a_folder_of_such_kinds_alone_is_refused_with_their_number(tmp_path: Path) -> None:
    for name in ("a.heic", "b.heic"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(
        BadInputError, match=r"no picture in .* or below but 2 of HEIC, wanted files ending in"
    ):
        ImagesSource(tmp_path)

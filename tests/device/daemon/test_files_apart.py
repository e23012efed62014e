"""What a run reads, it does not write over; what one sink writes, no other does."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from device.contract.errors import RefusedError
from device.daemon.files_apart import check_files_apart


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with photographs, a film, a recording and a link to the photographs; the current one."""
    (tmp_path / "photos").mkdir()
    cv2.imwrite(str(tmp_path / "photos" / "a.png"), np.zeros((8, 8, 3), np.uint8))
    for name in ("clip.mp4", "day.jsonl", "day.jsonl.1", "frames.raw"):
        (tmp_path / name).write_bytes(b"kept")
    (tmp_path / "link").symlink_to("photos")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("source", "sink"),
    [
        ("images:photos", "annotated:photos"),
        ("images:photos?size=64x64", "annotated:link/"),
        ("images:photos/a.png", "annotated:photos"),
        ("images:photos/a.png", "csv:photos/a.png"),
        ("video:clip.mp4", "annotated:./clip.mp4?fps=5"),
        ("raw:frames.raw?size=2x2", "file:frames.raw"),
        ("replay:day.jsonl", "file:day.jsonl"),
        ("replay:day.jsonl.1?speed=fast", "file:day.jsonl?keep=1"),
    ],
)
def test_a_sink_that_would_write_over_what_is_read_is_refused(place, source, sink):
    with pytest.raises(RefusedError, match="would write over"):
        check_files_apart(source, ["stdout:", sink])


@pytest.mark.parametrize(
    ("source", "sinks"),
    [
        ("images:photos", ["annotated:seen", "csv:seen.csv", "stdout:"]),
        ("images:.", ["annotated:seen.mp4", "csv:seen.csv"]),
        ("images:photos", ["annotated:photos-seen"]),
        ("images:photos/a.png", ["annotated:photos/seen"]),
        ("video:clip.mp4", ["annotated:."]),
        ("replay:day.jsonl.1", ["file:day.jsonl?keep=0"]),
        ("demo:", ["web:8080", "mqtt://broker/hall"]),
    ],
)
def test_other_places_are_left_alone(place, source, sinks):
    check_files_apart(source, sinks)


@pytest.mark.parametrize(
    ("source", "album"),
    [
        ("images:.", "seen"),
        ("images:photos?size=64x64", "photos/of/seen"),
        ("images:photos", "link/seen"),
    ],
)
def test_an_album_in_the_folder_that_is_read_is_refused(place, source, album):
    """A second run would annotate the pictures that the first one wrote."""
    with pytest.raises(RefusedError, match="the next run would read it as well") as caught:
        check_files_apart(source, [f"annotated:{album}"])
    outside = str(caught.value).partition("as in ")[2]
    assert outside.startswith("annotated:")
    check_files_apart(source, [outside])


@pytest.mark.parametrize("second", ["csv:out", "file:./out", "file:out.1", "file:out"])
def test_two_sinks_do_not_share_a_file(place, second):
    with pytest.raises(RefusedError, match="would both write"):
        check_files_apart("demo:", ["file:out", second])


def test_the_program_leaves_photographs_as_they_were(root, place):
    before = (place / "photos" / "a.png").read_bytes()
    command = [sys.executable, "-m", "device", "run", "--source", f"images:{place}/photos", "--sink"]
    done = subprocess.run(
        [*command, f"annotated:{place}/photos"], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 6
    assert done.stderr.startswith("error: sink annotated:")
    assert (place / "photos" / "a.png").read_bytes() == before

"""Frames with what was found drawn in: films and folders, read back by OpenCV and FFmpeg."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

from device.contract.errors import UsageError, WriteFailedError
from device.messages import messages as events
from device.sinks import open_sink
from device.sinks.annotated.album import name_in_album
from device.sinks.annotated.drawing import annotate
from device.sources.demo_picture import drawn_face
from device.sources.frame import Frame
from tests.device.sinks.test_csv import TIMING, a_face
from tests.needs import need

GREY = np.full((120, 160, 3), 90, np.uint8)


def a_message(frame, *faces):
    info = events.FrameInfo(*frame.size_wh, frame.name)
    return events.FrameMessage("video", frame.sequence, 0, 0, info, list(faces), TIMING, "m@0")


def write_all(address, frames, *faces):
    sink = open_sink(address)
    for frame in frames:
        sink.show(frame)
        sink.publish(a_message(frame, *faces), b"")
    sink.close()


def film_frames(count, fps=25.0, name="clip.mp4"):
    return [Frame(GREY + n, n, n, f"{name}#{n:06d}", fps) for n in range(count)]


def test_every_landmark_leaves_a_mark_at_its_place_and_the_frame_is_left_alone():
    face = a_face(1)
    frame = Frame(GREY.copy(), 0, 0)
    drawn = annotate(frame.image, a_message(frame, face))
    assert np.array_equal(frame.image, GREY)
    for x, y in np.rint(face.landmarks).astype(int):
        assert (drawn[y, x] != GREY[0, 0]).any()
    assert np.array_equal(annotate(frame.image, a_message(frame)), GREY)


@pytest.mark.parametrize(("ending", "codec"), [("mp4", "mpeg4"), ("avi", "mjpeg"), ("webm", "vp8")])
def test_a_film_has_every_frame_at_its_own_rate(tmp_path, capfd, ending, codec):
    need("ffmpeg")
    path = tmp_path / "new" / f"out.{ending}"
    write_all(f"annotated:{path}", film_frames(12), a_face(1))
    assert capfd.readouterr().err == ""
    probe = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v", "-of", "json", "-show_entries",
         "stream=codec_name,nb_read_frames,width,height,r_frame_rate", path],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    (stream,) = json.loads(probe.stdout)["streams"]
    wanted = {
        "codec_name": codec,
        "width": 160,
        "height": 120,
        "r_frame_rate": "25/1",
        "nb_read_frames": "12",
    }
    assert stream == wanted
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_frames_of_a_camera_keep_their_time(tmp_path):
    # 2 s in which every second frame of a camera of 10 a second was skipped.
    frames = [Frame(GREY + n, 2 * n, int(n * 0.2e9)) for n in range(11)]
    write_all(f"annotated:{tmp_path}/out.avi?fps=10", frames)
    capture = cv2.VideoCapture(str(tmp_path / "out.avi"))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 21


def test_a_picture_of_another_size_is_fitted_into_the_film(tmp_path):
    other = Frame(np.full((60, 40, 3), 200, np.uint8), 1, 1, "b.png")
    write_all(f"annotated:{tmp_path}/out.avi", [Frame(GREY, 0, 0, "a.png"), other])
    capture = cv2.VideoCapture(str(tmp_path / "out.avi"))
    _, (_, second) = capture.read(), capture.read()
    assert second.shape == GREY.shape
    assert second[:, :35].max() < 40 < 150 < np.median(second[:, 45:115])


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("a/b.png", "a/b.png"), ("c.JPG", "c.JPG"), ("d.pgm", "d.pgm.jpg"), ("x.mp4#0003", "x.mp4#0003.jpg"),
     (None, "00000007.jpg"), ("../../etc/x.png", "x.png"), ("/etc/x.png", "x.png")],
)  # fmt: skip
def test_pictures_are_named_as_their_frames_and_stay_in_the_folder(name, wanted):
    assert str(name_in_album(Frame(GREY, 7, 0, name))) == wanted


def test_a_folder_of_pictures_goes_through_the_program(root, tmp_path):
    (tmp_path / "in" / "sub").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "in" / "sub" / "face.png"), drawn_face())
    (tmp_path / "in" / "photo.HEIC").write_bytes(b"x")
    command = [sys.executable, "-m", "device", "run", "--source", f"images:{tmp_path}/in"]
    sinks = ["--sink", f"annotated:{tmp_path}/out", "--sink", f"csv:{tmp_path}/out.csv"]
    done = subprocess.run([*command, *sinks], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "1 frame, 1 with a face, 1 face in all, 1 could not be read; " in done.stderr
    drawn = cv2.imread(str(tmp_path / "out" / "sub" / "face.png"))
    changed = np.abs(drawn.astype(int) - drawn_face()).max(axis=2) > 20
    # The face's box, FACE_BOX, and the words over it.
    assert changed[70:185, 170:280].sum() > 500
    assert changed.sum() - changed[50:190, 150:512].sum() == 0
    assert (tmp_path / "out.csv").read_text().count("\n") == 2


@pytest.mark.parametrize("name", ["face.jpg", "face.PNG", "film.mov"])
def test_a_name_that_is_no_folders_and_no_films_is_refused_unless_such_a_folder_is_there(tmp_path, name):
    stem = name.partition(".")[0]
    with pytest.raises(
        UsageError, match=rf"wanted a folder for pictures or a film .*; write annotated:\S*{stem}$"
    ):
        open_sink(f"annotated:{tmp_path}/{name}")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / name).mkdir()
    open_sink(f"annotated:{tmp_path}/{name}").close()


def test_what_cannot_be_written_ends_the_program(root, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(WriteFailedError, match="cannot make folder"):
        open_sink(f"annotated:{tmp_path}/file")
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(WriteFailedError, match="a folder is there"):
        open_sink(f"annotated:{tmp_path}/folder.mp4")
    with pytest.raises(UsageError, match="did you mean fps"):
        open_sink(f"annotated:{tmp_path}/x.mp4?fsp=3")
    cv2.imwrite(str(tmp_path / "a.png"), GREY)
    command = [sys.executable, "-m", "device", "run", "--source", f"images:{tmp_path}/a.png"]
    # A film on a device that is always full.
    done = subprocess.run(
        [*command, "--sink", "annotated:/proc/out.mp4"], cwd=root, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 7, done.stderr
    assert "error: cannot write /proc/out.mp4" in done.stderr


@pytest.mark.parametrize("place", ["out.avi", "out.mp4", "out"])
def test_a_disk_that_is_full_ends_the_program_and_leaves_nothing_half_written(root, tmp_path, place):
    (tmp_path / "in").mkdir()
    rng = np.random.default_rng(0)
    for number in range(9):
        cv2.imwrite(str(tmp_path / "in" / f"{number}.png"), rng.integers(0, 256, (240, 320, 3), np.uint8))
    # To the program a file that may not grow is a disk without space.
    limited = f"ulimit -f 64; exec {sys.executable} -m device run --source images:{tmp_path}/in"
    command = ["bash", "-c", f"{limited} --sink annotated:{tmp_path}/{place}"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr
    assert f"error: cannot write {tmp_path}/{place}" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != "in"] == []

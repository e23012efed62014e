"""What people are told about the frames of files: a bar on a terminal, and one line at the end."""

import os
import pty
import subprocess
import sys
import termios

import cv2
import numpy as np

from device.daemon.progress import REASONS, Progress
from device.messages import messages as events
from tests.device.sinks.test_csv import a_face, a_frame


def test_the_summary_counts_frames_faces_and_what_could_not_be_read():
    progress = Progress(None, bar=False)
    for message in (a_frame(0, a_face(1), a_face(2)), a_frame(1), events.Status("images", 1)):
        progress.publish(message, b"")
    progress.publish(
        events.ErrorMessage(source="images", sequence=2, captured_ns=0, published_ns=0, reason="broken"), b""
    )
    wanted = "2 frames, 1 with a face, 2 faces in all, 1 could not be read; 4.0 s, 0.5 a second"
    assert progress.summary(4.0) == wanted


def test_people_are_told_why_a_picture_was_not_read_whatever_its_name_but_not_of_thousands(caplog):
    progress = Progress(None, bar=False)
    reasons = ["new\nline\x1b[2J.jpg: the file is empty", *["damaged"] * REASONS]
    for number, reason in enumerate(reasons):
        message = events.ErrorMessage(
            source="images", sequence=number, captured_ns=0, published_ns=0, reason=reason
        )
        progress.publish(message, b"")
    told = [record.getMessage() for record in caplog.records]
    assert told[0] == "new?line?[2J.jpg: the file is empty"
    assert told[1:] == [
        *["damaged"] * (REASONS - 1),
        "further frames that cannot be read are counted, and not named here",
    ]


def test_pictures_none_of_which_can_be_read_are_an_error(root, tmp_path):
    (tmp_path / "text.jpg").write_text("no picture")
    command = [sys.executable, "-m", "device", "run", "--source", f"images:{tmp_path}/text.jpg"]
    table = ["--sink", f"csv:{tmp_path}/out.csv"]
    done = subprocess.run([*command, *table], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "WARNING: text.jpg: 10 bytes that do not decode to a picture" in done.stderr
    assert "error: source images: no frame could be read, 1 tried; the lines above say why" in done.stderr


def run_on_terminal(root, *words):
    """What the program writes to a terminal that is its standard error."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    done = subprocess.Popen(
        [sys.executable, "-m", "device", "run", *words], cwd=root, stdout=subprocess.DEVNULL, stderr=theirs
    )  # fmt: skip
    os.close(theirs)
    told = b""
    while True:
        try:
            told += (piece := os.read(ours, 4096))
        except OSError:
            break
        if not piece:
            break
    os.close(ours)
    return done.wait(60), told.decode()


def test_a_terminal_has_a_bar_with_the_number_of_pictures(root, tmp_path):
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.zeros((40, 40, 3), np.uint8))
    code, told = run_on_terminal(root, "--source", f"images:{tmp_path}", "--frames", "2")
    assert code == 0
    assert "0/2 [" in told
    assert "2 frames, 0 with a face, 0 faces in all" in told


def test_without_a_terminal_there_is_no_bar_and_a_camera_has_no_summary(root):
    command = [sys.executable, "-m", "device", "run", "--frames", "2"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert "frames" not in done.stderr

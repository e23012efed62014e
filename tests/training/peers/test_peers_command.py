"""`python -m training peers` with what is at hand: our own models, and faces drawn by ourselves."""

import json

import pytest

from device.contract.errors import MissingOutsideError, UsageError
from tests.training.peers.made import line_of
from training.peers import line_up as line_up_module
from training.peers.line_up import Given, line_up
from training.peers.measure import measure
from training.peers.options import SECTIONS, Effort, Options, sections_of
from training.peers.own import own_peer
from training.peers.page import figures_path

EFFORT = Effort(faces=24, sitters=1, rounds=1, starts=1)


def no_media_pipe():
    raise MissingOutsideError("no MediaPipe")


def test_who_is_not_there_is_named_with_how_to_give_it(monkeypatch):
    monkeypatch.setattr(line_up_module, "mesh_peer", no_media_pipe)
    monkeypatch.setattr(line_up_module, "FaceMeshSearcher", no_media_pipe)
    with line_up(Given()) as line:
        ours = [f"landmarks {name}" for name in ("tiny", "swift", "small", "base")]
        assert [peer.name for peer in line.peers] == ours
        named = {sentence.split(":")[0] for sentence in line.missing}
        assert named == {
            "MediaPipe's mesh network", "MediaPipe's FaceMesh", "OpenSeeFace", "PFLD", "YuNet", "dlib",
        }  # fmt: skip


def test_a_file_that_is_not_there_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(line_up_module, "mesh_peer", no_media_pipe)
    monkeypatch.setattr(line_up_module, "FaceMeshSearcher", no_media_pipe)
    for name in ("openseeface", "pfld", "yunet"):
        with (
            pytest.raises(MissingOutsideError, match=str(tmp_path)),
            line_up(Given(**{name: tmp_path / "none"})),
        ):
            pass


def test_without_faces_what_needs_none_is_measured():
    assert Options().chosen == ("times", "start", "steadiness")
    assert Options(dataset="300w:FOLDER").chosen == SECTIONS
    assert Options(sections=("accuracy",)).chosen == ("accuracy",)


def test_sections_by_name():
    assert sections_of(None) is None
    assert sections_of("start,times") == ("start", "times")
    with pytest.raises(UsageError, match=r"no section 'speed'; known: times, start"):
        sections_of("times,speed")


def test_a_section_that_wants_faces_says_so(tmp_path):
    options = Options(sections=("robustness",), effort=EFFORT)
    with pytest.raises(UsageError, match="give --dataset"):
        list(measure(options, line_of(own_peer("tiny")), tmp_path / "page.md", tmp_path))


def test_figures_are_kept_section_by_section(tmp_path):
    options = Options(sections=("start", "robustness"), effort=EFFORT)
    with pytest.raises(UsageError):
        list(measure(options, line_of(own_peer("tiny")), tmp_path / "page.md", tmp_path))
    (kept,) = json.loads(figures_path(tmp_path / "page.md").read_text())["start"].values()
    assert list(kept["rows"]) == ["landmarks tiny"]
    assert kept["about"]["starts"] == 1
    assert kept["about"]["peers"]["landmarks tiny"].startswith("sha256:")

"""The order in which what a run needs is trained."""

import pytest

from device.contract.errors import BadInputError
from training.report.needs import named_runs, with_needed

SHIPPED = "training/configs/landmark_student"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('start = "a"\nteachers = ["b", "a"]', ["a", "b"]),
        ('teachers = { tough = "c", tolerant = ["d", "c"] }', ["c", "d"]),
        ('start = ""', []),
    ],
)
def test_starts_and_teachers_are_named_once(tmp_path, text, names):
    (tmp_path / "mine.toml").write_text(text)
    assert named_runs(tmp_path / "mine.toml") == names


def test_every_run_stands_behind_those_that_it_needs(root, tmp_path):
    files = with_needed([root / SHIPPED / "base.toml"], tmp_path)
    names = [file.stem for file in files]
    assert len(set(names)) == len(names)
    assert names[0] == "small-rough"
    assert names[-1] == "base"
    for before, after in (("wide-lean", "wide"), ("base-lean", "base-taught"), ("wide", "base-taught")):
        assert names.index(before) < names.index(after)


def test_a_finished_run_and_what_it_needed_are_left_out(root, tmp_path):
    (tmp_path / "base-points").mkdir()
    (tmp_path / "base-points" / "network.pt").touch()
    files = with_needed([root / SHIPPED / "base.toml"], tmp_path)
    assert [file.stem for file in files] == ["base"]


def test_a_run_that_nobody_can_train_is_named(tmp_path):
    (tmp_path / "mine.toml").write_text('name = "mine"\nstart = "lost"\n')
    with pytest.raises(BadInputError, match=r"mine\.toml needs run 'lost'.* train it first"):
        with_needed([tmp_path / "mine.toml"], tmp_path)


def test_a_run_that_needs_itself_is_refused(root, tmp_path, monkeypatch):
    monkeypatch.setattr("training.report.needs.run_files", lambda: {"mine": str(tmp_path / "mine.toml")})
    (tmp_path / "mine.toml").write_text('name = "mine"\nstart = "mine"\n')
    with pytest.raises(BadInputError, match="needs itself"):
        with_needed([tmp_path / "mine.toml"], tmp_path)

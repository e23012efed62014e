import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from device.contract.errors import BadInputError, RefusedError
from device.contract.landmarks import ibug_68
from training import __main__ as program
from training.data.sets import read_data_folder
from training.data.sets.rendered import HELD_OUT, read_rendered

pytest.importorskip("moderngl")
pytest.importorskip("meshoptimizer")

from training.rendered import dataset
from training.rendered.dataset import RenderRequest, render_dataset

COUNT = 5


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(dataset, "SHARD_PICTURES", 2)


@pytest.fixture(scope="module")
def rendered(heads, opengl, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets") / "rendered"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dataset, "SHARD_PICTURES", 2)
        render_dataset(RenderRequest(heads, COUNT, seed=3, side=96), folder, 1)
    return folder


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.jpg")}


def labels_of(folder):
    with np.load(folder / "labels.npz") as stored:
        return dict(stored)


def same_labels(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


def test_the_same_seed_makes_the_same_pictures_and_labels(rendered, heads, tmp_path):
    again = tmp_path / "again"
    render_dataset(RenderRequest(heads, COUNT, seed=3, side=96), again, 1)
    assert contents(again) == contents(rendered)
    assert same_labels(labels_of(again), labels_of(rendered))


def test_the_number_of_processes_changes_nothing(rendered, heads, tmp_path, monkeypatch):
    # Spawned processes do not see the small shards of this test.
    monkeypatch.setattr(dataset, "SHARD_PICTURES", 50)
    one, two = tmp_path / "one", tmp_path / "two"
    for folder, workers in ((one, 1), (two, 2)):
        render_dataset(RenderRequest(heads, 3, seed=3, side=96), folder, workers)
    assert contents(one) == contents(two)
    assert same_labels(labels_of(one), labels_of(two))


def test_another_seed_makes_others(rendered, heads, tmp_path):
    render_dataset(RenderRequest(heads, COUNT, seed=4, side=96), tmp_path / "b", 1)
    assert not np.allclose(labels_of(tmp_path / "b")["surface"], labels_of(rendered)["surface"])


def test_what_was_cut_off_is_finished_and_what_is_done_is_kept(rendered, heads, tmp_path, monkeypatch):
    folder = tmp_path / "cut"
    request = RenderRequest(heads, COUNT, seed=3, side=96)
    render = dataset._render_shard

    def stops(request, chosen, folder, shard):
        if shard == 1:
            raise KeyboardInterrupt
        return render(request, chosen, folder, shard)

    monkeypatch.setattr(dataset, "_render_shard", stops)
    with pytest.raises(KeyboardInterrupt):
        render_dataset(request, folder, 1)
    assert not (folder / "labels.npz").exists()
    done = []
    monkeypatch.setattr(dataset, "_render_shard", lambda *work: done.append(work[3]) or render(*work))
    render_dataset(request, folder, 1)
    # The last shard shows the first person again, and was drawn right after the first.
    assert done == [1]
    assert contents(folder) == contents(rendered)
    assert same_labels(labels_of(folder), labels_of(rendered))


def test_a_folder_of_another_request_is_refused(rendered, heads, tmp_path):
    with pytest.raises(RefusedError, match="other heads or settings"):
        render_dataset(RenderRequest(heads, COUNT, seed=5, side=96), rendered, 1)
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(RefusedError, match="not empty"):
        render_dataset(RenderRequest(heads, COUNT), tmp_path, 1)


@pytest.mark.parametrize(
    ("request_text", "says"),
    [('{"format": 3}', "of format 3, wanted"), ("{}", "cannot be read"), ("[", "cannot be read")],
)
def test_labels_of_an_earlier_format_teach_nothing(rendered, tmp_path, request_text, says):
    shutil.copytree(rendered, tmp_path / "rendered")
    (tmp_path / "rendered" / "rendered.json").write_text(request_text)
    with pytest.raises(BadInputError, match=says):
        read_data_folder(tmp_path, sets=["rendered"])


def test_people_held_out_are_rendered_apart_and_never_trained_on(rendered, heads, tmp_path):
    assert "White_M_2" in HELD_OUT
    split = read_data_folder(rendered.parent, sets=["rendered"])
    assert len(split.train) == COUNT
    assert not split.validation
    assert {face.name.split("/")[1] for face in split.train} == {"Ann", "Bob"}
    render_dataset(RenderRequest(heads, 2, side=96, held_out=True), tmp_path / "rendered", 1)
    held_out = read_data_folder(tmp_path, sets=["rendered"])
    assert not held_out.train
    assert {face.name for face in held_out.validation} == {"rendered/White_M_2/0", "rendered/White_M_2/1"}


def test_faces_are_read_with_the_outline_as_jaw(rendered):
    labels = labels_of(rendered)
    faces = read_rendered(rendered)
    for row, face in enumerate(faces):
        assert face.landmarks == pytest.approx(labels["contour"][row])
        assert np.array_equal(face.visible, labels["contour_visible"][row])
        assert np.degrees(face.yaw_radians) == pytest.approx(labels["angles"][row, 0], abs=1e-4)
        assert face.path.is_file()
    inner = sorted(set(range(68)) - set(ibug_68.groups["jaw"]))
    assert np.array_equal(labels["surface"][:, inner], labels["contour"][:, inner])
    edge = 95.5
    beyond = ((labels["contour"] < -0.5) | (labels["contour"] > edge)).any(axis=2)
    assert np.array_equal(labels["inside"], ~beyond)
    assert not (labels["contour_visible"] & beyond).any()


def test_damaged_labels_are_one_sentence(rendered, tmp_path):
    with pytest.raises(BadInputError, match=r"labels\.npz"):
        read_rendered(tmp_path)
    (tmp_path / "labels.npz").write_bytes(b"PK nothing")
    with pytest.raises(BadInputError, match="holds no labels"):
        read_rendered(tmp_path)
    labels = labels_of(rendered)
    np.savez(tmp_path / "labels.npz", **labels | {"contour": labels["contour"][:-1]})
    with pytest.raises(BadInputError, match="different lengths"):
        read_rendered(tmp_path)
    np.savez(tmp_path / "labels.npz", **labels)
    with pytest.raises(BadInputError, match=r"000000\.jpg"):
        read_rendered(tmp_path)


def test_a_face_that_is_nearly_hidden_is_left_out(rendered, tmp_path):
    labels = labels_of(rendered)
    labels["contour_visible"] = np.zeros((COUNT, 68), bool)
    labels["contour_visible"][0, :15] = True
    labels["contour_visible"][1:, :16] = True
    (tmp_path / "pictures").symlink_to(rendered / "pictures")
    np.savez(tmp_path / "labels.npz", **labels)
    faces = read_rendered(tmp_path)
    assert [face.name for face in faces] == [face.name for face in read_rendered(rendered)[1:]]
    assert faces.left_out == ["rendered/Ann/0"]


def test_several_folders_are_read_as_one_set_and_an_unfinished_one_is_refused(rendered, heads, tmp_path):
    for part, held_out in (("train", False), ("held-out", True)):
        render_dataset(RenderRequest(heads, 2, side=96, held_out=held_out), tmp_path / "rendered" / part, 1)
    split = read_data_folder(tmp_path, sets=["rendered"])
    assert [face.name for face in split.train] == ["rendered/Ann/train/0", "rendered/Ann/train/1"]
    assert {face.name.split("/")[1] for face in split.validation} == {"White_M_2"}
    (tmp_path / "rendered" / "train" / "labels.npz").unlink()
    with pytest.raises(BadInputError, match=r"train/labels\.npz: render it to its end"):
        read_rendered(tmp_path / "rendered")


def test_a_run_learns_from_rendered_heads_beside_photographs(heads, opengl, tmp_path):
    from tests.training.data.sets.test_sets import write_face
    from tests.training.engine.test_loop import tiny_settings
    from training.engine.run import train_run

    for name in ("a", "b"):
        write_face(tmp_path / "data" / "300w", name)
    (tmp_path / "data" / "300w" / "validation.txt").write_text("b\n")
    render_dataset(RenderRequest(heads, 4, side=96), tmp_path / "data" / "rendered", 1)
    settings = tiny_settings(images=8)
    weights = {"300w": 0.5, "rendered": 0.5}
    settings = replace(settings, data=replace(settings.data, side=96, weights=weights))
    assert set(train_run(settings, tmp_path / "data", tmp_path / "runs")) == {"300w"}
    assert (tmp_path / "runs" / settings.name / "face_errors.npz").is_file()
    with np.load(next((tmp_path / "runs" / "packs").glob("faces-*.npz"))) as pack:
        assert sorted(pack["sources"]) == ["300w"] + ["rendered"] * 4


def run(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["training", *map(str, arguments)])
    return program.main()


def test_the_command_renders_and_draws_a_page(heads, opengl, tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.png"
    folder = tmp_path / "out"
    made = run(
        monkeypatch,
        "render",
        "--avatars",
        heads,
        "--count",
        2,
        "--out",
        folder,
        "--side",
        96,
        "--workers",
        1,
        "--page",
        page,
    )
    assert made == 0
    assert "2 pictures" in capsys.readouterr().out
    assert page.stat().st_size > 1000
    assert json.loads((folder / "rendered.json").read_text())["count"] == 2

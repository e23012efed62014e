import dataclasses

import pytest
import torch

from device.contract.provenance import FREE, Source
from tests.training.engine.test_loop import tiny_parts, tiny_settings
from training.data.sets.origins import origins_of
from training.engine.checkpoint import UNRECORDED, load_values, recorded_sources
from training.engine.loop import Loop
from training.engine.run_parts import LoopOptions
from training.engine.sources import sources_of_weights

HEADS = Source("VALID avatars", "MIT", "ab", "training")
DRAWN = Source("drawn heads", "Apache-2.0", "cd", "training")
FACE = torch.arange(136.0).reshape(68, 2).numpy()


def sources_in(run):
    return recorded_sources(load_values(run / "network.pt"))


def test_a_run_keeps_what_it_learnt_from(tmp_path):
    Loop(dataclasses.replace(tiny_parts(tmp_path / "tiny"), sources=(HEADS,))).run()
    assert sources_in(tmp_path / "tiny") == (HEADS,)


def test_what_was_learnt_before_a_cut_is_kept_too(tmp_path):
    Loop(dataclasses.replace(tiny_parts(tmp_path / "tiny"), sources=(HEADS,))).run(stop_at=2)
    Loop(dataclasses.replace(tiny_parts(tmp_path / "tiny"), sources=(DRAWN,))).run()
    assert set(sources_in(tmp_path / "tiny")) == {HEADS, DRAWN}


def test_start_and_teachers_hand_down_what_they_learnt_from(tmp_path):
    for name, source in (("start", HEADS), ("teacher", DRAWN)):
        Loop(dataclasses.replace(tiny_parts(tmp_path / name), sources=(source,))).run()
    settings = dataclasses.replace(tiny_settings(), start="start")
    assert set(sources_of_weights(settings, ["teacher"], tmp_path, LoopOptions())) == {HEADS, DRAWN}


def test_a_run_from_before_sources_were_kept_is_not_taken_for_free(tmp_path):
    Loop(tiny_parts(tmp_path / "old")).run()
    values = load_values(tmp_path / "old" / "network.pt")
    del values["sources"]
    assert recorded_sources(values) == (UNRECORDED,)
    assert not UNRECORDED.free


def test_weights_from_a_file_are_unknown(tmp_path):
    (tmp_path / "weights.pt").write_bytes(b"anything")
    options = LoopOptions(initial=tmp_path / "weights.pt")
    (source,) = sources_of_weights(tiny_settings(), (), tmp_path, options)
    assert (source.name, source.free) == ("weights.pt", False)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("rendered", {"VALID avatars", "MediaPipe face mesh"}),
        ("fairface", {"FairFace", "VALID avatars", "MediaPipe face mesh"}),
        ("drawn", {"drawn heads"}),
    ],
)
def test_the_open_models_sets_are_made_from_free_sources(kind, names):
    found = origins_of(["a"], [FACE], [kind], "training")
    assert {source.name for source in found} == names
    assert all(source.free and len(source.sha256) == 64 for source in found)


@pytest.mark.parametrize("kind", ["300w", "youtube_faces", "wflw", "cofw", "aflw2000", "turned", "tiny"])
def test_all_other_sets_are_not(kind):
    (source,) = origins_of(["a"], [FACE], [kind], "training")
    assert source.name not in FREE
    assert not source.free


def test_other_labels_have_another_hash():
    hashes = {origins_of(["a"], [FACE + shift], ["drawn"], "training")[0].sha256 for shift in (0, 1)}
    assert len(hashes) == 2

"""Checkpoints in shards, unreadable files, and a disk that is full."""

import errno
import json
import pickle
from pathlib import Path

import pytest
import torch

from device.contract.errors import BadInputError, WriteFailedError
from tests.training.engine.test_loop import tiny_parts
from training.engine.checkpoint import load_values, save_whole
from training.engine.loop import Loop
from training.engine.run_parts import LoopOptions
from training.engine.shards import index_of


def values_of(number):
    return {"settings": {}, "weight": torch.full((5000,), float(number))}


def shards_of(path):
    return sorted(found for found in path.parent.glob(f"{path.name}.*") if found != index_of(path))


def test_a_sharded_checkpoint_reads_back_and_no_shard_is_larger_than_asked(tmp_path):
    path = tmp_path / "checkpoint.pt"
    save_whole(values_of(3), path, shard_mb=0.005)
    assert len(shards_of(path)) == 5  # 20 kB and a little of weights
    assert max(shard.stat().st_size for shard in shards_of(path)) <= 5000
    assert not path.exists()
    assert torch.equal(load_values(path)["weight"], values_of(3)["weight"])


def test_an_older_generation_and_another_form_leave_nothing_behind(tmp_path):
    path = tmp_path / "checkpoint.pt"
    save_whole(values_of(1), path)
    save_whole(values_of(2), path, shard_mb=0.005)
    save_whole(values_of(3), path, shard_mb=0.01)
    assert len(shards_of(path)) == 3
    assert load_values(path)["weight"][0] == 3
    save_whole(values_of(4), path)
    assert [found.name for found in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert load_values(path)["weight"][0] == 4


def test_a_kill_between_shards_leaves_the_checkpoint_before(tmp_path):
    path = tmp_path / "checkpoint.pt"
    save_whole(values_of(1), path, shard_mb=0.005)
    # What a kill leaves: shards of a new generation that no index names.
    (tmp_path / "checkpoint.pt.abcdef.00").write_bytes(b"x" * 5000)
    assert load_values(path)["weight"][0] == 1


@pytest.mark.parametrize(
    ("spoil", "state"), [(Path.unlink, "missing"), (lambda p: p.write_bytes(b"x"), "damaged")]
)
def test_a_missing_or_damaged_shard_is_named(tmp_path, spoil, state):
    path = tmp_path / "checkpoint.pt"
    save_whole(values_of(1), path, shard_mb=0.005)
    shard = shards_of(path)[2]
    spoil(shard)
    with pytest.raises(BadInputError, match=rf"{shard.name} is {state}"):
        load_values(path)


def test_a_damaged_index_is_named(tmp_path):
    path = tmp_path / "checkpoint.pt"
    save_whole(values_of(1), path, shard_mb=0.005)
    index_of(path).write_text(json.dumps({"shards": 3}))
    with pytest.raises(BadInputError, match=r"index\.json cannot be read"):
        load_values(path)


@pytest.mark.parametrize("content", [b"", b"half of a check", pickle.dumps(Path("x")), bytes(range(256)) * 9])
def test_a_file_that_is_no_checkpoint_is_one_line(tmp_path, content):
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=r"checkpoint\.pt cannot be read") as caught:
        load_values(path)
    assert "\n" not in str(caught.value)


def test_a_run_in_shards_resumes(tmp_path):
    options = LoopOptions(shard_mb=0.02)
    first = tiny_parts(tmp_path)
    Loop(type(first)(**{**vars(first), "options": options})).run(stop_at=3)
    assert shards_of(tmp_path / "checkpoint.pt")
    assert Loop(tiny_parts(tmp_path)).step == 3


def test_a_full_disk_is_one_line_and_the_old_checkpoint_stays(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.pt"
    save_whole(values_of(1), path)

    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)
    for shard_mb in (0.0, 0.005):
        with pytest.raises(WriteFailedError, match=r"cannot write .*No space left on device; free space"):
            save_whole(values_of(2), path, shard_mb)
    monkeypatch.undo()
    assert load_values(path)["weight"][0] == 1
    assert [found.name for found in tmp_path.iterdir()] == ["checkpoint.pt"]

"""Processes that share a run."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.training.engine import two_processes
from tests.training.engine.test_loop import weights_of
from training.engine.world import World


@dataclasses.dataclass
class Rows:
    first: torch.Tensor
    second: torch.Tensor


def test_every_row_of_a_batch_goes_to_one_process():
    batch = Rows(torch.arange(7), torch.arange(7) * 10)
    shares = []
    for rank in range(3):
        world = World()
        world.rank, world.size = rank, 3
        shares.append(world.share_of(batch))
    assert sorted(torch.cat([share.first for share in shares]).tolist()) == list(range(7))
    assert all(torch.equal(share.second, share.first * 10) for share in shares)


def test_one_process_changes_nothing():
    world, batch = World(), Rows(torch.arange(3), torch.arange(3))
    assert world.share_of(batch) is batch
    assert world.leads


@pytest.mark.slow
def test_two_processes_learn_what_one_does(tmp_path, root):
    two_processes.train(tmp_path / "one")
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
        Path(two_processes.__file__), tmp_path / "two",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    subprocess.run(command, cwd=root, env=environment, capture_output=True, timeout=280, check=True)
    one, two = weights_of(tmp_path / "one"), weights_of(tmp_path / "two")
    torch.manual_seed(0)
    start = two_processes.TinyNet().state_dict()
    for name, begun in start.items():
        learnt = (one[name] - begun).norm()
        assert learnt > 0
        # bfloat16 rounds a sum of two halves otherwise than the whole.
        assert (two[name] - one[name]).norm() < 0.01 * learnt
    assert len((tmp_path / "two" / "log.jsonl").read_text().splitlines()) == 12

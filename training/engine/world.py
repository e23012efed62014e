"""The processes that train one run together: one, or as many as `torchrun` starts.

Every process draws the whole batch from the same seed and takes its share of the rows, so a run does not
depend on how many there are: gradients are averaged over the processes, and one writes the files.
Accelerate sets the processes up and carries the sums.
"""

import dataclasses
import os
from typing import Any

import torch
from torch import nn


def pick_device() -> torch.device:
    """This process's GPU if there is one."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


class World:
    """This process among those that train the run."""

    def __init__(self) -> None:
        """Join the others if torchrun started any."""
        self.rank, self.size = 0, int(os.environ.get("WORLD_SIZE", "1"))
        if self.size > 1:
            from accelerate import PartialState

            self.rank = PartialState(cpu=not torch.cuda.is_available()).process_index

    @property
    def leads(self) -> bool:
        """Whether this process writes files and reports."""
        return self.rank == 0

    def share_of(self, batch: Any) -> Any:
        """This process's rows of a batch, a dataclass of tensors: every size-th, from its rank on."""
        if self.size == 1:
            return batch
        columns = {item.name: getattr(batch, item.name) for item in dataclasses.fields(batch)}
        rows = {
            name: None if column is None else column[self.rank :: self.size]
            for name, column in columns.items()
        }
        return type(batch)(**rows)

    def average(self, tensors: list[torch.Tensor]) -> None:
        """Replace tensors of one type by their mean over the processes, in one exchange."""
        if self.size == 1 or not tensors:
            return
        from accelerate.utils import reduce

        flat = reduce(torch.cat([tensor.detach().reshape(-1) for tensor in tensors]), reduction="mean")
        for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))

    @torch.no_grad()
    def agree(self, *modules: nn.Module) -> None:
        """After a backward pass: mean gradients, and mean running statistics, in every process."""
        if self.size == 1:
            return
        weights = [weight for module in modules for weight in module.parameters()]
        self.average([weight.grad for weight in weights if weight.grad is not None])
        statistics = [value for module in modules for value in module.buffers() if value.is_floating_point()]
        self.average(statistics)

    def synchronised(self, model: nn.Module) -> nn.Module:
        """BatchNorm over all processes' rows where the hardware can (CUDA); unchanged for one process."""
        if self.size == 1 or not torch.cuda.is_available():
            return model
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)

    def wait(self) -> None:
        """Wait until every process has reached this call."""
        if self.size > 1:
            from accelerate import PartialState

            PartialState().wait_for_everyone()

"""The processes that train one model together, on one machine or several, as a launcher started them.

    torchrun --nproc_per_node 2 -m ragmtl train config.toml

Each has the whole model, reads a part of every batch, and adds its gradients to those of the others before a step, so
that all take the same step. `accelerate` says who is there and sets up how they talk; without a launcher there is one
process, which talks to nobody.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor

from ragmtl.errors import ConfigError
from ragmtl.training.seed import choose_device

LONGEST_WAIT = timedelta(hours=24)
"""How long a process waits for another: one may encode a whole corpus meanwhile."""


def launched() -> int:
    """How many processes a launcher started; 1 without one."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@dataclass(frozen=True, slots=True)
class Processes:
    """Which of the processes this is.

    Attributes:
        index: Its number, from 0.
        count: How many there are.
        device: What it computes on.
    """

    index: int
    count: int
    device: torch.device

    @classmethod
    def join(cls, device: str) -> Processes:
        """The processes that were launched, as far as this one sees them; waits until all are there.

        Args:
            device: As in `[training]`; of several processes each takes a GPU of its own.
        """
        if launched() == 1:
            return cls(0, 1, choose_device(device))
        from accelerate import PartialState

        on_processor = choose_device(device).type == "cpu"
        state = PartialState(cpu=on_processor, timeout=LONGEST_WAIT)
        return cls(state.process_index, state.num_processes, state.device)

    @property
    def first(self) -> bool:
        """Whether this is the one that writes."""
        return self.index == 0

    def share(self, number: int) -> range:
        """Which of so many pieces of work are this process's."""
        return range(self.index, number, self.count)

    def exchange(self, value: Any) -> list[Any]:  # noqa: ANN401 - anything that one process tells the others
        """What each process gives, in their order; waits for all."""
        if self.count == 1:
            return [value]
        found: list[Any] = [None] * self.count
        torch.distributed.all_gather_object(found, value)
        return found

    def add_up(self, tensors: Sequence[Shaped[Tensor, "..."] | None]) -> list[Tensor | None]:
        """The sum over the processes of each tensor; None where no process has it.

        Args:
            tensors: In the same order, and of the same shapes where they are there, in all processes.
        """
        if self.count == 1:
            return list(tensors)
        shapes = [None if one is None else tuple(one.shape) for one in tensors]
        known = self.exchange(shapes)
        every = [next((shape for shape in column if shape is not None), None) for column in zip(*known, strict=True)]
        sizes = [0 if shape is None else math.prod(shape) for shape in every]
        whole = torch.zeros(sum(sizes), device=self.device)
        parts = torch.split(whole, sizes)
        for part, one in zip(parts, tensors, strict=True):
            if one is not None:
                part.copy_(one.detach().flatten())
        torch.distributed.all_reduce(whole)
        return [None if shape is None else part.view(shape) for part, shape in zip(parts, every, strict=True)]

    @contextmanager
    def first_alone(self) -> Iterator[None]:
        """The first process does the work, then the others, which find it done."""
        if not self.first:
            self.exchange(None)
        try:
            yield
        finally:
            if self.first:
                self.exchange(None)


def computing(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    """Where products of matrices are computed in a lower precision: `bfloat16`, or as they are for `float32`."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def refuse_several(what: str) -> None:
    """For work that one process does.

    Raises:
        ConfigError: Several were launched.
    """
    if launched() > 1:
        raise ConfigError(
            f"expected one process for {what}, found {launched()}; only `ragmtl train` divides its work. Run arms side "
            "by side instead, each with --arm and in a folder of its own"
        )

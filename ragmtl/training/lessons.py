"""The losses of some training examples: of a whole batch, or of a process's part of it.

A batch that is divided is cut into shards, each with random numbers of its own, that follow from the seed and the step.
So it does not matter which process computes which: two shards on one process are those on two, and so are the losses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from ragmtl.assembly import Assembly
from ragmtl.models.model import Model
from ragmtl.tasks.mixture import Draw
from ragmtl.training.processes import Processes, computing

Read = tuple[dict[str, Float[Tensor, ""]], Float[Tensor, ""]]
"""The loss of each task, and what sharing adds to them."""


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """What a model is asked.

    Attributes:
        model: The model.
        assemblies: The sources.
        train_rows: Positions of the training examples of each.
        precision: In which products of matrices are computed.
        processes: Who computes.
    """

    model: Model
    assemblies: Sequence[Assembly]
    train_rows: Sequence[Int64[np.ndarray, " _train"]]
    precision: str
    processes: Processes

    def whole(self, draw: Draw) -> Read:
        """The losses of a batch."""
        return self._losses(draw.source, self._rows(draw))

    def divided(self, draw: Draw, shards: int, noise: Sequence[int]) -> Read:
        """The losses of a batch of which each process reads some shards.

        Their values are those of the whole batch; their gradients are this process's part, which is still to be added
        to those of the others.

        Args:
            draw: The batch.
            shards: How many parts it is cut into.
            noise: Seeds the random numbers of a shard, together with its number.
        """
        rows = self._rows(draw)
        parts = np.array_split(rows, shards)
        mine = self.processes.share(shards)
        found = [self._weighed(draw.source, rows, parts[shard].tolist(), [*noise, shard]) for shard in mine]
        names = [task.name for task in self.assemblies[draw.source].source.tasks]
        own = [torch.stack([losses[name] for losses, _ in found]).sum() for name in names]
        own.append(torch.stack([penalty for _, penalty in found]).sum())
        (values,) = self.processes.add_up([torch.stack(own).detach()])
        if values is None:
            raise TypeError("a sum over processes that all have it is there")
        *losses, penalty = [one + (value - one.detach()) for one, value in zip(own, values, strict=True)]
        return dict(zip(names, losses, strict=True)), penalty

    def _rows(self, draw: Draw) -> list[int]:
        rows: list[int] = self.train_rows[draw.source][draw.chosen].tolist()
        return rows

    def _weighed(self, source: int, rows: Sequence[int], part: Sequence[int], noise: Sequence[int]) -> Read:
        """The losses of a part, each times the share that it has of the labels; all zero for an empty part."""
        torch.manual_seed(int(np.random.SeedSequence(noise).generate_state(1)[0]))
        losses, penalty = self._losses(source, part or rows[:1])
        shares = {
            name: self._labelled(source, part, name) / max(self._labelled(source, rows, name), 1) for name in losses
        }
        return {name: loss * shares[name] for name, loss in losses.items()}, penalty * (len(part) / len(rows))

    def _labelled(self, source: int, rows: Sequence[int], task: str) -> int:
        """How many of some examples are labelled for a task."""
        return sum(task in self.assemblies[source].source.examples[row].labels for row in rows)

    def _losses(self, source: int, rows: Sequence[int]) -> Read:
        assembly = self.assemblies[source]
        batch = assembly.batch(rows).to(self.processes.device)
        with computing(self.processes.device, self.precision):
            outputs = self.model(batch, [task.name for task in assembly.source.tasks])
        examples = assembly.examples(rows)
        losses = {task.name: task.loss(outputs.heads[task.name].float(), examples) for task in assembly.source.tasks}
        return losses, outputs.penalty.float()

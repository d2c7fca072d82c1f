"""Progressive layered extraction: each task has experts of its own beside those that all share, in several levels.

    level:  task   ← Σ gate_task · [its own experts(task) | shared experts(shared)]
            shared ← Σ gate_shared · [experts of every task | shared experts]

Source: Tang et al., "Progressive layered extraction (PLE): a novel multi-task learning model for personalized
recommendations", 2020.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ragmtl.models.sharing.gates import ExpertGate, imbalance, mixed
from ragmtl.models.sharing.sharing import Shared, Sharing
from ragmtl.models.sharing.tower import Residual, Tower


class Extraction(nn.Module):
    """One level: experts of each task and shared ones, and the gates over them.

    Args:
        inputs: Width of what experts read.
        dim: Width of what they give.
        tasks: Number of tasks.
        experts: Number of experts that a task's gate chooses among: half are its own, half are shared.
        dropout: On the input and in the experts.
        last: Whether no level comes after this one, so that nobody reads what is shared.
    """

    def __init__(self, inputs: int, dim: int, tasks: int, experts: int, dropout: float, *, last: bool) -> None:
        super().__init__()
        own = experts // 2
        self.own = nn.ModuleList(self._experts(inputs, dim, own, dropout) for _ in range(tasks))
        self.shared = self._experts(inputs, dim, experts - own, dropout)
        self.gates = nn.ModuleList(ExpertGate(inputs, experts) for _ in range(tasks))
        self.shared_gate = None if last else ExpertGate(inputs, own * tasks + experts - own)

    @staticmethod
    def _experts(inputs: int, dim: int, number: int, dropout: float) -> nn.ModuleList:
        return nn.ModuleList(Tower(inputs, dim, dropout=dropout) for _ in range(number))

    def forward(
        self, vectors: Sequence[Float[Tensor, "batch inputs"]], shared: Float[Tensor, "batch inputs"], wanted: list[int]
    ) -> tuple[dict[int, Float[Tensor, "batch dim"]], Float[Tensor, "batch dim"], dict[int, Tensor]]:
        """The vectors of tasks, the shared vector, and the weights of each task's gate.

        Args:
            vectors: What the experts of each task read.
            shared: What the shared experts read.
            wanted: Which tasks are asked, if it is the last level; else all are computed.
        """
        asked = wanted if self.shared_gate is None else list(range(len(self.own)))
        common = torch.stack([expert(shared) for expert in self.shared], 1)
        own = {task: torch.stack([expert(vectors[task]) for expert in self.own[task]], 1) for task in asked}  # type: ignore[attr-defined]
        weights = {task: self.gates[task](torch.relu(vectors[task])) for task in asked}
        found = {task: mixed(weights[task], torch.cat([own[task], common], 1)) for task in asked}
        if self.shared_gate is None:
            return found, shared, weights
        every = torch.cat([*own.values(), common], 1)
        return found, mixed(self.shared_gate(torch.relu(shared)), every), weights


class LayeredExtraction(Sharing):
    """Levels of extraction, and a residual block for each task.

    Args:
        inputs: Width of all parts together.
        dim: Width of a task's vector.
        tasks: Names of the tasks.
        experts: Number of experts that each gate of a task chooses among, at least 2.
        levels: Number of levels.
        dropout: On the input and in the blocks.
        strength: How much it costs to use experts unevenly.
    """

    def __init__(
        self,
        inputs: int,
        dim: int,
        tasks: Sequence[str],
        *,
        experts: int = 4,
        levels: int = 2,
        dropout: float = 0.2,
        strength: float = 0.01,
    ) -> None:
        super().__init__()
        self.tasks = tuple(tasks)
        self.strength = strength
        count = len(self.tasks)
        self.levels = nn.ModuleList(
            Extraction(dim if level else inputs, dim, count, experts, dropout, last=level == levels - 1)
            for level in range(levels)
        )
        self.blocks = nn.ModuleList(nn.Sequential(nn.LayerNorm(dim), Residual(dim, dropout)) for _ in tasks)

    def forward(self, parts: Float[Tensor, "batch inputs"], tasks: Sequence[str]) -> Shared:
        """The vectors of some tasks, and the weights of their last gates: own experts first, then shared ones."""
        places = {task: self.tasks.index(task) for task in tasks}
        wanted = list(places.values())
        vectors, shared = dict.fromkeys(range(len(self.tasks)), parts), parts
        weights: dict[int, Tensor] = {}
        uneven = parts.new_zeros(())
        for level in self.levels:
            vectors, shared, weights = level(list(vectors.values()), shared, wanted)
            uneven = uneven + sum(imbalance(weights[task]) for task in wanted) / max(len(wanted), 1)
        return Shared(
            {task: self.blocks[place](vectors[place]) for task, place in places.items()},
            self.strength * uneven / len(self.levels),
            {task: weights[place] for task, place in places.items()},
        )

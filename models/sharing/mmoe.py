"""A mixture of experts with a gate for each task: which of the experts a task reads depends on the example.

    vector = Tower_task(LayerNorm(Σ gate_task(example) · expert(example)))

Source: Ma et al., "Modeling task relationships in multi-task learning with multi-gate mixture-of-experts", 2018.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ragmtl.models.sharing.gates import ExpertGate, imbalance, mixed
from ragmtl.models.sharing.sharing import Shared, Sharing
from ragmtl.models.sharing.tower import Residual, Tower


class MixtureOfExperts(Sharing):
    """Experts for all tasks; a gate and a residual block for each.

    Args:
        inputs: Width of all parts together.
        dim: Width of a task's vector.
        tasks: Names of the tasks.
        experts: Number of experts.
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
        dropout: float = 0.2,
        strength: float = 0.01,
    ) -> None:
        super().__init__()
        self.tasks = tuple(tasks)
        self.strength = strength
        self.experts = nn.ModuleList(Tower(inputs, dim, dropout=dropout) for _ in range(experts))
        self.gates = nn.ModuleList(ExpertGate(inputs, experts) for _ in tasks)
        self.blocks = nn.ModuleList(nn.Sequential(nn.LayerNorm(dim), Residual(dim, dropout)) for _ in tasks)

    def forward(self, parts: Float[Tensor, "batch inputs"], tasks: Sequence[str]) -> Shared:
        """The vectors of some tasks, and the weight of each expert for them."""
        experts = torch.stack([expert(parts) for expert in self.experts], 1)
        places = {task: self.tasks.index(task) for task in tasks}
        weights = {task: self.gates[place](torch.relu(parts)) for task, place in places.items()}
        vectors = {task: self.blocks[place](mixed(weights[task], experts)) for task, place in places.items()}
        uneven = sum((imbalance(one) for one in weights.values()), parts.new_zeros(()))
        return Shared(vectors, self.strength * uneven / max(len(weights), 1), weights)

"""Soft sharing: a tower for each task, and after every layer each reads a learned share of the others.

    x_task ← Σ share[layer, task, other] · x_other,   share = softmax(learned), .9 its own at first

Source: Misra et al., "Cross-stitch networks for multi-task learning", 2016; with shares that sum to 1, so that vectors
keep their size and shares can be read.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ragmtl.models.sharing.sharing import Shared, Sharing
from ragmtl.models.sharing.tower import Tower

OWN = 0.9


class CrossStitch(Sharing):
    """Towers, stitched after their entrance and after each block.

    Args:
        inputs: Width of all parts together.
        dim: Width of a task's vector.
        tasks: Names of the tasks.
        layers: Number of residual blocks of each tower.
        dropout: On the input and in the blocks.
        scale: Factor on the stored shares, and so on the steps of the optimiser: there are few of them.
    """

    start: Tensor

    def __init__(
        self, inputs: int, dim: int, tasks: Sequence[str], *, layers: int = 1, dropout: float = 0.2, scale: float = 10.0
    ) -> None:
        super().__init__()
        self.tasks = tuple(tasks)
        self.scale = scale
        self.towers = nn.ModuleList(Tower(inputs, dim, layers=layers, dropout=dropout) for _ in tasks)
        others = max(len(self.tasks) - 1, 1)
        start = torch.full((len(self.tasks), len(self.tasks)), (1 - OWN) / others).fill_diagonal_(OWN)
        self.register_buffer("start", start.log(), persistent=False)
        self.stitches = nn.Parameter(torch.zeros(layers + 1, len(self.tasks), len(self.tasks)))

    def forward(self, parts: Float[Tensor, "batch inputs"], tasks: Sequence[str]) -> Shared:
        """The vectors of some tasks, and from whose towers they are, all layers together."""
        shares = self.shares()
        towers = [tower for tower in self.towers if isinstance(tower, Tower)]
        vectors = shares[0] @ torch.stack([tower.enter(torch.relu(parts)) for tower in towers], 1)
        for layer, share in enumerate(shares[1:]):
            blocks = [tower.blocks[layer](vectors[:, place]) for place, tower in enumerate(towers)]
            vectors = share @ torch.stack(blocks, 1)
        whole = shares[0]
        for share in shares[1:]:
            whole = share @ whole
        found = {task: self.tasks.index(task) for task in tasks}
        return Shared(
            {task: towers[place].leave(vectors[:, place]) for task, place in found.items()},
            parts.new_zeros(()),
            {task: whole[place].expand(len(parts), -1) for task, place in found.items()},
        )

    def shares(self) -> Float[Tensor, "layer task task"]:
        """How much each task (row) reads of each tower (column) after each layer; rows sum to 1."""
        return torch.softmax(self.start + self.scale * self.stitches, 2)

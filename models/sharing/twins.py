"""Soft sharing: a tower for each task, all drawn towards their mean.

    penalty = strength · mean over tasks of ‖weights − mean weights‖²

Towers start alike, and differ as far as their tasks pay for it. A strength of 0 is no sharing at all, a large one a
shared bottom. Source: Duong et al., "Low resource dependency parsing: cross-lingual parameter sharing in a neural
network parser", 2015.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ragmtl.models.sharing.sharing import Shared, Sharing
from ragmtl.models.sharing.tower import Tower


class Twins(Sharing):
    """Towers that start alike.

    Args:
        inputs: Width of all parts together.
        dim: Width of a task's vector.
        tasks: Names of the tasks.
        layers: Number of residual blocks of each tower.
        dropout: On the input and in the blocks.
        strength: How much their distance costs.
    """

    def __init__(
        self,
        inputs: int,
        dim: int,
        tasks: Sequence[str],
        *,
        layers: int = 1,
        dropout: float = 0.2,
        strength: float = 0.01,
    ) -> None:
        super().__init__()
        self.tasks = tuple(tasks)
        self.strength = strength
        self.towers = nn.ModuleList(Tower(inputs, dim, layers=layers, dropout=dropout) for _ in tasks)
        for tower in self.towers[1:]:
            tower.load_state_dict(self.towers[0].state_dict())

    def forward(self, parts: Float[Tensor, "batch inputs"], tasks: Sequence[str]) -> Shared:
        """The vectors of some tasks; nothing is computed for the others, but all towers count in the penalty."""
        vectors = {task: self.towers[self.tasks.index(task)](parts) for task in tasks}
        return Shared(vectors, self.strength * self.distance() if self.tasks else parts.new_zeros(()))

    def distance(self) -> Float[Tensor, ""]:
        """Mean over towers of the squared distance of their weights to the mean of all."""
        weights = [torch.stack(same) for same in zip(*(tower.parameters() for tower in self.towers), strict=True)]
        apart = [(one - one.mean(0)).square().sum() for one in weights]
        return torch.stack(apart).sum() / len(self.towers)

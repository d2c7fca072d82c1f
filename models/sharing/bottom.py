"""Hard sharing: one tower for all tasks; only their heads differ. The default.

Source: Caruana, "Multitask learning", 1997.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from ragmtl.models.sharing.sharing import Shared, Sharing
from ragmtl.models.sharing.tower import Tower


class SharedBottom(Sharing):
    """Residual MLP over the parts: Linear(Dropout(LayerNorm(relu(parts)))), then residuals; the same for all tasks.

    Args:
        inputs: Width of all parts together.
        dim: Width of the shared vector.
        layers: Number of residual blocks.
        dropout: On the input and in the blocks.
    """

    def __init__(self, inputs: int, dim: int, *, layers: int = 1, dropout: float = 0.2) -> None:
        super().__init__()
        tower = Tower(inputs, dim, layers=layers, dropout=dropout)
        self.enter, self.blocks, self.leave = tower.enter, tower.blocks, tower.leave

    def forward(self, parts: Float[Tensor, "batch inputs"], tasks: Sequence[str]) -> Shared:
        """The shared vector of each example, for every task."""
        shared: Float[Tensor, "batch dim"] = self.leave(self.blocks(self.enter(torch.relu(parts))))
        return Shared(dict.fromkeys(tasks, shared), parts.new_zeros(()))

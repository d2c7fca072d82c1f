"""Learned vectors of single entities."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional


class IdTable(nn.Module):
    """Learned vectors of entities that are frequent enough; row 0 is "none" and always zero.

    Vectors start at zero, so that an entity which training never meets stays the same as "none" (random starts cost
    two points of micro-F1 on film genres). They are multiplied by `scale`, which also multiplies the steps that an
    optimiser such as Adam takes: an entity is met far less often than a shared weight.

    Args:
        count: Number of entities that have a vector.
        dim: Width.
        scale: Factor on the stored values.
        dropout: How often, in training, an entity counts as unknown.
    """

    def __init__(self, count: int, dim: int, *, scale: float = 5.0, dropout: float = 0.3) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(count + 1, dim))
        self.scale = scale
        self.dropout = dropout

    def forward(self, ids: Int[Tensor, "*shape"]) -> Float[Tensor, "*shape dim"]:
        """The vectors of some rows; zero for row 0."""
        if self.training and self.dropout > 0:
            ids = ids * (torch.rand(ids.shape, device=ids.device) >= self.dropout)
        return functional.embedding(ids, self.weight, padding_idx=0) * self.scale

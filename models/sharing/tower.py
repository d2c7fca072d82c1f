"""What bottoms, towers and experts are made of: an entrance, residual blocks, and a norm at the end."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Residual(nn.Module):
    """x + MLP(LayerNorm(x)); starts as the identity.

    Args:
        dim: Width.
        dropout: Inside the MLP.
    """

    def __init__(self, dim: int, dropout: float) -> None:
        super().__init__()
        last = nn.Linear(2 * dim, dim)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.ReLU(), nn.Dropout(dropout), last)

    def forward(self, vectors: Float[Tensor, "batch dim"]) -> Float[Tensor, "batch dim"]:
        """Vectors of the same width."""
        change: Float[Tensor, "batch dim"] = self.layers(vectors)
        return vectors + change


def entrance(inputs: int, dim: int, dropout: float) -> nn.Sequential:
    """Linear(Dropout(LayerNorm(parts))): from all parts that describe an example to one vector."""
    return nn.Sequential(nn.LayerNorm(inputs), nn.Dropout(dropout), nn.Linear(inputs, dim))


class Tower(nn.Module):
    """Linear(Dropout(LayerNorm(relu(parts)))), then residuals, then LayerNorm.

    Args:
        inputs: Width of all parts together.
        dim: Width of the result.
        layers: Number of residual blocks.
        dropout: On the input and in the blocks.
    """

    def __init__(self, inputs: int, dim: int, *, layers: int = 1, dropout: float = 0.2) -> None:
        super().__init__()
        self.enter = entrance(inputs, dim, dropout)
        self.blocks = nn.Sequential(*(Residual(dim, dropout) for _ in range(layers)))
        self.leave = nn.LayerNorm(dim)

    def forward(self, parts: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch dim"]:
        """One vector per example."""
        vectors: Float[Tensor, "batch dim"] = self.leave(self.blocks(self.enter(torch.relu(parts))))
        return vectors

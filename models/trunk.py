"""The shared bottom: what all tasks read of an example."""

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


class SharedBottom(nn.Module):
    """Residual MLP over the parts that describe an example: Linear(Dropout(LayerNorm(relu(parts)))), then residuals.

    Source: hard parameter sharing, Caruana, "Multitask learning", 1997.

    Args:
        inputs: Width of all parts together.
        dim: Width of the shared vector.
        layers: Number of residual blocks.
        dropout: On the input and in the blocks.
    """

    def __init__(self, inputs: int, dim: int, *, layers: int = 1, dropout: float = 0.2) -> None:
        super().__init__()
        self.enter = nn.Sequential(nn.LayerNorm(inputs), nn.Dropout(dropout), nn.Linear(inputs, dim))
        self.blocks = nn.Sequential(*(Residual(dim, dropout) for _ in range(layers)))
        self.leave = nn.LayerNorm(dim)

    def forward(self, parts: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch dim"]:
        """The shared vector of each example."""
        shared: Float[Tensor, "batch dim"] = self.leave(self.blocks(self.enter(torch.relu(parts))))
        return shared

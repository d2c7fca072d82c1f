"""Gates over experts, and a loss against experts that nobody uses."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class ExpertGate(nn.Module):
    """How much of each expert a task reads: softmax(W·vector); at first all alike.

    Args:
        inputs: Width of what the gate reads.
        experts: Number of experts to choose among.
    """

    def __init__(self, inputs: int, experts: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(inputs)
        self.linear = nn.Linear(inputs, experts, bias=False)
        nn.init.zeros_(self.linear.weight)

    def forward(self, vectors: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch expert"]:
        """The weight of each expert; they sum to 1."""
        return torch.softmax(self.linear(self.norm(vectors)), 1)


def mixed(
    weights: Float[Tensor, "batch expert"], experts: Float[Tensor, "batch expert dim"]
) -> Float[Tensor, "batch dim"]:
    """Σ weight · expert."""
    return torch.einsum("be,bed->bd", weights, experts)


def imbalance(weights: Float[Tensor, "batch expert"]) -> Float[Tensor, ""]:
    """How unevenly a batch uses experts: the squared coefficient of variation of their mean weights, 0 if all alike.

    Each example may still choose a single expert, if others choose others. Source: the importance loss of Shazeer et
    al., "Outrageously large neural networks", 2017.
    """
    experts = weights.shape[1]
    return experts * (weights.mean(0) - 1 / experts).square().sum()

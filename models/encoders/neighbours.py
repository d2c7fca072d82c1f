"""Labelled neighbours as tokens: what a training example says, and which answers were right for it.

token = LayerNorm(Linear(text)) + mean of the vectors of its labels

Each answer of each task has a vector of its own, so that neighbours speak of every task that they are labelled for.
Source of the idea: Qin et al., "Retrieval & interaction machine for tabular data prediction" (RIM), 2021.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from ragmtl.models.layers.sparse import group_sum


class NeighbourEncoder(nn.Module):
    """Training examples with their labels as vectors.

    Args:
        text_dim: Width of text vectors.
        labels: Number of answers of all tasks together.
        dim: Width of the result.
    """

    def __init__(self, text_dim: int, labels: int, dim: int) -> None:
        super().__init__()
        self.text = nn.Sequential(nn.Linear(text_dim, dim), nn.LayerNorm(dim))
        self.labels = nn.Parameter(torch.randn(labels, dim) * 0.1)

    def forward(
        self, text: Float[Tensor, "batch neighbour text"], labels: Int[Tensor, "3 label"]
    ) -> Float[Tensor, "batch neighbour dim"]:
        """One token per neighbour.

        Args:
            text: Vectors of their texts.
            labels: Example, place among its neighbours, and answer, of each label of each neighbour.
        """
        batch, places, _ = text.shape
        described: Float[Tensor, "batch neighbour dim"] = self.text(text)
        groups = labels[0] * places + labels[1]
        known = functional.embedding(labels[2], self.labels)
        counts = group_sum(torch.ones_like(known[:, :1]), groups, batch * places).clamp(min=1)
        return described + (group_sum(known, groups, batch * places) / counts).view_as(described)
